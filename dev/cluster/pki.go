package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority signs the certificates of one cluster. Its key survives a restart of the container, so existing kubeconfigs
// stay valid. All certificates are issued again at each start, so a changed address or a new --tls-san takes effect.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// credentials are a certificate with its key, in PEM.
type credentials struct{ cert, key []byte }

func loadOrCreateAuthority() *authority {
	certFile, keyFile := pki+"/ca.crt", pki+"/ca.key"
	key := loadOrCreateKey(keyFile)
	if data, err := os.ReadFile(certFile); err == nil {
		block, _ := pem.Decode(data)
		cert, err := x509.ParseCertificate(block.Bytes)
		must(err)
		return &authority{cert, key, data}
	}
	t := template("breakwater-test-cluster")
	t.IsCA, t.BasicConstraintsValid = true, true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	must(err)
	cert, err := x509.ParseCertificate(der)
	must(err)
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	writeFile(certFile, data, 0o644)
	return &authority{cert, key, data}
}

// issue writes file.crt and file.key for the given user name and groups, valid for the given hosts.
func (a *authority) issue(file, user string, groups, hosts []string) credentials {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	t := template(user)
	t.Subject.Organization = groups
	t.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, &key.PublicKey, a.key)
	must(err)
	c := credentials{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), keyPEM(key)}
	writeFile(pki+"/"+file+".crt", c.cert, 0o644)
	writeFile(pki+"/"+file+".key", c.key, 0o600)
	return c
}

func (a *authority) kubeconfig(path string, c credentials) {
	b64 := base64.StdEncoding.EncodeToString
	writeFile(path, fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- name: default
  cluster:
    server: https://127.0.0.1:6443
    certificate-authority-data: %s
contexts:
- name: default
  context:
    cluster: default
    user: default
current-context: default
users:
- name: default
  user:
    client-certificate-data: %s
    client-key-data: %s
`, b64(a.pem), b64(c.cert), b64(c.key)), 0o600)
}

func template(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, big.NewInt(1).Lsh(big.NewInt(1), 120))
	must(err)
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0)}
}

func loadOrCreateKey(path string) *ecdsa.PrivateKey {
	if data, err := os.ReadFile(path); err == nil {
		block, _ := pem.Decode(data)
		key, err := x509.ParseECPrivateKey(block.Bytes)
		must(err)
		return key
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	writeFile(path, keyPEM(key), 0o600)
	return key
}

func keyPEM(k *ecdsa.PrivateKey) []byte {
	der, err := x509.MarshalECPrivateKey(k)
	must(err)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}

// writeFile replaces a file atomically: the container may be killed at any moment and started again.
func writeFile(path string, data []byte, mode os.FileMode) {
	must(os.MkdirAll(filepath.Dir(path), 0o755))
	must(os.WriteFile(path+".new", data, mode))
	must(os.Rename(path+".new", path))
}
