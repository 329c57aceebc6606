// Command shop is the demo's application: it accepts orders, which it stores in PostgreSQL, and files, which it stores in a
// directory. Acknowledged data is durable, so a loss can be distinguished from a delay.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

func main() {
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		log.Fatal("DATABASE_URL is not set; for example postgres://postgres:password@shop-db:5432/shop")
	}
	dir := os.Getenv("FILES_DIR")
	if dir == "" {
		dir = "/data/files"
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		log.Fatalf("DATABASE_URL: %v", err)
	}
	config.ConnConfig.ConnectTimeout = 3 * time.Second
	config.HealthCheckPeriod = 2 * time.Second // a restart of the database leaves dead connections
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	orders := &orders{pool: pool}
	go orders.createTable(ctx)
	files := &files{dir: dir}
	if err := files.open(); err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", orders.place)
	mux.HandleFunc("GET /orders", orders.list)
	mux.HandleFunc("GET /orders/count", orders.count)
	mux.HandleFunc("PUT /files/{name}", files.put)
	mux.HandleFunc("GET /files/{name}", files.get)
	mux.HandleFunc("GET /files", files.list)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", orders.ready)
	server := &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(drain)
	}()
	log.Print("serving on :8080")
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

// fail answers with an error, as text, and logs errors of the server.
func fail(w http.ResponseWriter, r *http.Request, code int, err error) {
	if code >= 500 {
		log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	http.Error(w, err.Error(), code)
}
