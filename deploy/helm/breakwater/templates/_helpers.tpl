{{- define "breakwater.labels" -}}
app.kubernetes.io/name: breakwater
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* Labels that never change; call with a dict of root and component. */}}
{{- define "breakwater.selector" -}}
app.kubernetes.io/name: breakwater
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Whether the operator's pod serves the gateway. The quickstart's claim needs a single pod, so it embeds the gateway. */}}
{{- define "breakwater.embedded" -}}
{{- if or .Values.gateway.embedded .Values.quickstart.enabled }}true{{ else }}false{{ end }}
{{- end }}

{{- define "breakwater.gatewayComponent" -}}
{{- if eq (include "breakwater.embedded" .) "true" }}operator{{ else }}gateway{{ end }}
{{- end }}

{{- define "breakwater.filesystemRoot" -}}
{{- .Values.gateway.filesystem.root | default (ternary "/backups" "" .Values.quickstart.enabled) }}
{{- end }}

{{- define "breakwater.gatewayUrl" -}}
{{- .Values.gateway.url | default (printf "https://breakwater-gateway.%s.svc:8443" .Release.Namespace) }}
{{- end }}

{{/* The reference of an image; call with a dict of image, registry and tag, the last two for an image that has none itself. */}}
{{- define "breakwater.reference" -}}
{{- $registry := .image.registry | default .registry }}
{{- with $registry }}{{ . }}/{{ end }}{{ .image.repository }}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag | default .tag }}{{ end }}
{{- end }}

{{- define "breakwater.image" -}}
{{- include "breakwater.reference" (dict "image" .Values.image "registry" "" "tag" .Chart.AppVersion) }}
{{- end }}

{{- define "breakwater.moverImage" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion }}
{{- include "breakwater.reference" (dict "image" .Values.mover.image "registry" .Values.image.registry "tag" $tag) }}
{{- end }}

{{/* The Deployment of one process; call with a dict of root, component and its values. */}}
{{- define "breakwater.deployment" -}}
{{- $root := .root }}
{{- $serves := eq .component (include "breakwater.gatewayComponent" $root) }}
{{- $filesystem := include "breakwater.filesystemRoot" $root }}
{{- /* The claim of the quickstart belongs to one pod. The guard needs the directory only for a rendezvous location. */}}
{{- $mounts := and $filesystem (or (ne .component "guard") $root.Values.gateway.filesystem.volume) }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: breakwater-{{ .component }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "breakwater.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  replicas: {{ .replicas }}
  {{- if eq .component "operator" }}
  # Never two of them at the same time: each assumes that it alone runs the controllers of the site.
  strategy: {type: Recreate}
  {{- else if eq .component "guard" }}
  # The API server always has one to ask. They elect the one that renews leases.
  strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  {{- end }}
  selector:
    matchLabels:
      {{- include "breakwater.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "breakwater.selector" . | nindent 8 }}
        {{- with .values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: breakwater-{{ .component }}
      # Service links would set variables such as BREAKWATER_GATEWAY_PORT, which the program reads as its own configuration.
      enableServiceLinks: false
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        fsGroup: 65532
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: {{ .component }}
          image: {{ include "breakwater.image" $root | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          env:
            - {name: BREAKWATER_ROLE, value: {{ .component }}}
            - {name: BREAKWATER_SITE, value: {{ $root.Values.site.name | quote }}}
            {{- with $root.Values.site.succeeds }}
            - {name: BREAKWATER_SITE_SUCCEEDS, value: {{ . | quote }}}
            - {name: BREAKWATER_SITE_LOSS_ATTESTED, value: {{ $root.Values.site.lossAttested | quote }}}
            {{- end }}
            - {name: BREAKWATER_NAMESPACE, value: {{ $root.Release.Namespace | quote }}}
            - {name: BREAKWATER_GATEWAY_EMBEDDED, value: {{ include "breakwater.embedded" $root | quote }}}
            - {name: BREAKWATER_GATEWAY_URL, value: {{ include "breakwater.gatewayUrl" $root | quote }}}
            - {name: BREAKWATER_GATEWAY_UPLOADS, value: {{ $root.Values.gateway.uploads | quote }}}
            {{- with $filesystem }}
            - {name: BREAKWATER_GATEWAY_FILESYSTEM_ROOT, value: {{ . | quote }}}
            {{- end }}
            - {name: BREAKWATER_METRICS_POLICIES, value: {{ $root.Values.metrics.policies | quote }}}
            - {name: BREAKWATER_POLICY_SHORTEST_INTERVAL, value: {{ $root.Values.policy.shortestInterval | quote }}}
            - {name: BREAKWATER_BUDGET_CAPTURES, value: {{ $root.Values.budget.captures | quote }}}
            - {name: BREAKWATER_BUDGET_MOVERS, value: {{ $root.Values.budget.movers | quote }}}
            - {name: BREAKWATER_BUDGET_MOVERS_PER_NODE, value: {{ $root.Values.budget.moversPerNode | quote }}}
            - {name: BREAKWATER_BUDGET_MOVERS_PER_LOCATION, value: {{ $root.Values.budget.moversPerLocation | quote }}}
            - {name: BREAKWATER_BUDGET_PRUNES, value: {{ $root.Values.budget.prunes | quote }}}
            - {name: BREAKWATER_COVERAGE_INTERVAL, value: {{ $root.Values.coverage.interval | quote }}}
            {{- with $root.Values.coverage.exclude }}
            - {name: BREAKWATER_COVERAGE_EXCLUDE, value: {{ join "," . | quote }}}
            {{- end }}
            - {name: BREAKWATER_STORE_MAX_OBJECTS, value: {{ $root.Values.store.maxObjects | int64 | quote }}}
            - {name: BREAKWATER_STORE_MAX_GATHERED, value: {{ $root.Values.store.maxGathered | int64 | quote }}}
            {{- with $root.Values.store.allowedEndpoints }}
            - {name: BREAKWATER_STORE_ALLOWED_ENDPOINTS, value: {{ join "," . | quote }}}
            {{- end }}
            {{- with $root.Values.store.clusterCidrs }}
            - {name: BREAKWATER_STORE_CLUSTER_CIDRS, value: {{ join "," . | quote }}}
            {{- end }}
            {{- with $root.Values.store.proxy }}
            {{- if .urlSecret }}
            - name: BREAKWATER_STORE_PROXY_URL
              valueFrom: {secretKeyRef: {name: {{ .urlSecret | quote }}, key: url}}
            {{- else if .url }}
            - {name: BREAKWATER_STORE_PROXY_URL, value: {{ .url | quote }}}
            {{- end }}
            {{- with .noProxy }}
            - {name: BREAKWATER_STORE_PROXY_NO_PROXY, value: {{ join "," . | quote }}}
            {{- end }}
            {{- end }}
            {{- if eq .component "operator" }}
            - {name: BREAKWATER_QUICKSTART, value: {{ $root.Values.quickstart.enabled | quote }}}
            - {name: BREAKWATER_MOVER_IMAGE, value: {{ include "breakwater.moverImage" $root | quote }}}
            - {name: BREAKWATER_MOVER_IMAGE_PULL_POLICY, value: {{ $root.Values.mover.image.pullPolicy | quote }}}
            - {name: BREAKWATER_MOVER_DEADLINE, value: {{ $root.Values.mover.deadline | quote }}}
            - {name: BREAKWATER_MOVER_START, value: {{ $root.Values.mover.start | quote }}}
            - {name: BREAKWATER_MOVER_TMP, value: {{ $root.Values.mover.tmp | quote }}}
            - {name: BREAKWATER_MOVER_POD_DEFAULTS, value: {{ include "breakwater.moverPod" $root | quote }}}
            - {name: BREAKWATER_RESTORE_IMPERSONATE, value: {{ $root.Values.rbac.impersonate | quote }}}
            - {name: BREAKWATER_RESTORE_TMP, value: {{ $root.Values.operator.tmp | quote }}}
            - {name: BREAKWATER_CATALOG_INTERVAL, value: {{ $root.Values.catalog.interval | quote }}}
            - {name: BREAKWATER_SWEEP_GRACE, value: {{ $root.Values.sweep.grace | quote }}}
            - {name: BREAKWATER_SWEEP_UNSEALED, value: {{ $root.Values.sweep.unsealed | quote }}}
            - {name: BREAKWATER_SWEEP_INTERVAL, value: {{ $root.Values.sweep.interval | quote }}}
            - {name: BREAKWATER_SWEEP_PRUNE_INTERVAL, value: {{ $root.Values.sweep.prune.interval | quote }}}
            - {name: BREAKWATER_SWEEP_PRUNE_MAX_REPACK, value: {{ $root.Values.sweep.prune.maxRepack | quote }}}
            {{- with $root.Values.sandbox.kinds }}
            - {name: BREAKWATER_SANDBOX_KINDS, value: {{ join "," . | quote }}}
            {{- end }}
            {{- end }}
            {{- if eq .component "guard" }}
            # The guard reads small documents only. A fixed heap shows at once when it reads more.
            # C1 alone is fast enough for it, and takes less memory than both compilers. Options of the image win over these.
            - {name: JDK_JAVA_OPTIONS, value: {{ printf "-Xmx%s -Xss512k -XX:TieredStopAtLevel=1" .values.heap | quote }}}
            - name: BREAKWATER_ELECTION_IDENTITY
              valueFrom: {fieldRef: {fieldPath: metadata.name}}
            {{- end }}
            {{- with .values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            - {name: http, containerPort: 8080}
            {{- if eq .component "guard" }}
            - {name: webhook, containerPort: 9443}
            {{- end }}
            {{- if $serves }}
            - {name: gateway, containerPort: 8443}
            {{- end }}
          startupProbe:
            httpGet: {path: /q/health/live, port: http}
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: {path: /q/health/live, port: http}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: {{ ternary 3 6 (eq .component "guard") }}
          readinessProbe:
            httpGet: {path: /q/health/ready, port: http}
            periodSeconds: 3
            timeoutSeconds: 5
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            {{- if $mounts }}
            - {name: backups, mountPath: {{ $filesystem }}}
            {{- end }}
            {{- with .values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: {sizeLimit: {{ .values.tmp | default "256Mi" }}}
        {{- if $mounts }}
        - name: backups
          {{- if $root.Values.gateway.filesystem.volume }}
          {{- toYaml $root.Values.gateway.filesystem.volume | nindent 10 }}
          {{- else if $root.Values.quickstart.enabled }}
          persistentVolumeClaim: {claimName: breakwater-quickstart}
          {{- else }}
          {{- fail "gateway.filesystem.root is set: name the mounted volume in gateway.filesystem.volume, for example {nfs: {server: nas, path: /backups}}" }}
          {{- end }}
        {{- end }}
        {{- with .values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- else }}
      {{- if eq .component "guard" }}
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels:
                    {{- include "breakwater.selector" . | nindent 20 }}
      {{- end }}
      {{- end }}
      {{- with .values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}

{{/* Properties of all mover pods, as JSON. The operator reads it. */}}
{{- define "breakwater.moverPod" -}}
{{- $m := .Values.mover -}}
{{- $names := list -}}
{{- range $m.image.pullSecrets }}{{ $names = append $names .name }}{{ end -}}
{{- $policy := .Values.networkPolicy -}}
{{- $enabled := and $policy.enabled $policy.mover.enabled (or (empty .Values.gateway.url) (not (empty $policy.mover.egress))) -}}
{{- $network := dict "enabled" $enabled "dns" $policy.mover.dns "egress" $policy.mover.egress -}}
{{- dict "resources" $m.resources "nodeSelector" $m.nodeSelector "tolerations" $m.tolerations "affinity" $m.affinity "priorityClassName" $m.priorityClassName "labels" $m.podLabels "annotations" $m.podAnnotations "pullSecrets" $names "copyPullSecrets" $m.image.copyPullSecrets "privileged" $m.privileged "networkPolicy" $network | toJson -}}
{{- end }}
