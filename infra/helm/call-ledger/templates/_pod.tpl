{{- /* What the pods of all processes have in common. */ -}}

{{- define "call-ledger.name" -}}
{{- $number := ternary (printf "-%v" .shard) "" (hasKey . "shard") -}}
{{- printf "%s-%s%s" .root.Release.Name .process $number | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "call-ledger.selector" -}}
app.kubernetes.io/name: call-ledger
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .process }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- with .shard }}
call-ledger/shard: {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "call-ledger.labels" -}}
{{ include "call-ledger.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "call-ledger.metadata" -}}
name: {{ include "call-ledger.name" . }}
labels: {{- include "call-ledger.labels" . | nindent 2 }}
{{- end -}}

{{- /* `process`, `command`; `env`, `secretEnv` and `resources` of its own; `uses` store and kafka; `port`; `kept` when it has a volume. */ -}}
{{- define "call-ledger.pod" -}}
{{- $values := .root.Values -}}
metadata:
  labels: {{- include "call-ledger.labels" . | nindent 4 }}
  annotations:
    {{- if .metrics }}
    prometheus.io/scrape: "true"
    prometheus.io/port: "8080"
    prometheus.io/path: /metrics
    {{- end }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- with $values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  automountServiceAccountToken: false
  # Otherwise a service called call-ledger would set variables that look like our settings.
  enableServiceLinks: false
  {{- with .restart }}
  restartPolicy: {{ . }}
  {{- end }}
  # The page under way is finished.
  terminationGracePeriodSeconds: 90
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: {{ .process }}
      image: {{ printf "%s:%s" $values.image.repository ($values.image.tag | default .root.Chart.AppVersion) | quote }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: {{- toYaml .command | nindent 8 }}
      env: {{- include "call-ledger.environment" . | nindent 8 }}
      {{- if .port }}
      ports:
        - {name: http, containerPort: 8080}
      {{- $live := dict "path" "/livez" "port" "http" -}}
      {{- if .tls }}{{ $_ := set $live "scheme" "HTTPS" }}{{ end }}
      startupProbe:
        httpGet: {{- toYaml $live | nindent 10 }}
        periodSeconds: 2
        timeoutSeconds: 15
        failureThreshold: 60
      livenessProbe:
        httpGet: {{- toYaml $live | nindent 10 }}
        periodSeconds: 20
        timeoutSeconds: 15
        failureThreshold: 3
      readinessProbe:
        httpGet: {{- toYaml (set (deepCopy $live) "path" .ready) | nindent 10 }}
        periodSeconds: 10
        # The lag is looked up: Kafka may take its share of the patience.
        timeoutSeconds: 30
        failureThreshold: 3
      {{- end }}
      {{- with .resources }}
      resources: {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: ledger, mountPath: /var/lib/call-ledger}
        - {name: scratch, mountPath: /tmp}
        {{- range include "call-ledger.files" . | fromYamlArray }}
        - {name: {{ .name }}, mountPath: {{ printf "/etc/call-ledger/%s" .name }}, readOnly: true}
        {{- end }}
  volumes:
    - name: scratch
      emptyDir: {sizeLimit: {{ $values.scratch.size }}}
    {{- if not .kept }}
    - name: ledger
      emptyDir: {sizeLimit: 64Mi}
    {{- end }}
    {{- range include "call-ledger.files" . | fromYamlArray }}
    - name: {{ .name }}
      secret: {secretName: {{ .secret }}, defaultMode: 0440, items: {{ toJson .items }}}
    {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- /* Files out of secrets: a name under /etc/call-ledger, the secret and its keys. */ -}}
{{- define "call-ledger.files" -}}
{{- $values := .root.Values -}}
{{- $found := list -}}
{{- if $values.ledger.name -}}
{{- $found = append $found (dict "name" "ledgers" "secret" $values.ledger.secret "items" (list (dict "key" $values.ledger.key "path" "ledgers.toml"))) -}}
{{- end -}}
{{- if and .store $values.store.ca.secret -}}
{{- $found = append $found (dict "name" "store" "secret" $values.store.ca.secret "items" (list (dict "key" $values.store.ca.key "path" "ca.pem"))) -}}
{{- end -}}
{{- if and .kafka $values.kafka.ca.secret -}}
{{- $found = append $found (dict "name" "kafka-ca" "secret" $values.kafka.ca.secret "items" (list (dict "key" $values.kafka.ca.key "path" "ca.pem"))) -}}
{{- end -}}
{{- if and .kafka $values.kafka.certificate.secret -}}
{{- $found = append $found (dict "name" "kafka" "secret" $values.kafka.certificate.secret "items" (list (dict "key" $values.kafka.certificate.certificate "path" "tls.crt") (dict "key" $values.kafka.certificate.key "path" "tls.key"))) -}}
{{- end -}}
{{- if .tls -}}
{{- $found = append $found (dict "name" "tls" "secret" .tls "items" (list (dict "key" "tls.crt" "path" "tls.crt") (dict "key" "tls.key" "path" "tls.key"))) -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}

{{- define "call-ledger.environment" -}}
{{- $values := .root.Values -}}
- {name: CALL_LEDGER_RULES, value: {{ $values.settings.rules | quote }}}
- {name: CALL_LEDGER_TIME_ZONE, value: {{ $values.settings.timeZone | quote }}}
- {name: CALL_LEDGER_PATIENCE_SECONDS, value: {{ $values.settings.patienceSeconds | quote }}}
{{- if not .restart }}
- {name: CALL_LEDGER_TRACING, value: {{ $values.settings.tracing | quote }}}
{{- end }}
{{- with .megabytes }}
- {name: CALL_LEDGER_PROJECT_MEGABYTES, value: {{ . | int | quote }}}
{{- end }}
{{- range $name, $value := .env }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- range $name, $secret := .secretEnv }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: {name: {{ $secret.name }}, key: {{ $secret.key }}}
{{- end }}
{{- with $values.ledger.name }}
- {name: CALL_LEDGER_NAME, value: {{ . | quote }}}
- {name: CALL_LEDGER_LEDGERS, value: /etc/call-ledger/ledgers/ledgers.toml}
{{- end }}
{{- if and .store (not $values.ledger.name) }}
- name: CALL_LEDGER_STORE
  valueFrom:
    secretKeyRef: {name: {{ required "store.secret.name says which secret has the store's address" $values.store.secret.name }}, key: {{ $values.store.secret.key }}}
{{- end }}
{{- if .kafka }}
{{- $kafka := $values.kafka }}
- {name: CALL_LEDGER_KAFKA, value: {{ required "kafka.servers says where Kafka is, as host:port" $kafka.servers | quote }}}
- {name: CALL_LEDGER_KAFKA_PREFIX, value: {{ $kafka.prefix | quote }}}
- {name: CALL_LEDGER_KAFKA_SECURITY, value: {{ $kafka.security | quote }}}
{{- if $kafka.ca.secret }}
- {name: CALL_LEDGER_KAFKA_CA_FILE, value: /etc/call-ledger/kafka-ca/ca.pem}
{{- end }}
{{- if $kafka.certificate.secret }}
- {name: CALL_LEDGER_KAFKA_CERTIFICATE_FILE, value: /etc/call-ledger/kafka/tls.crt}
- {name: CALL_LEDGER_KAFKA_KEY_FILE, value: /etc/call-ledger/kafka/tls.key}
{{- end }}
{{- if hasPrefix "SASL" $kafka.security }}
- {name: CALL_LEDGER_KAFKA_MECHANISM, value: {{ $kafka.mechanism | quote }}}
- name: CALL_LEDGER_KAFKA_USER
  valueFrom:
    secretKeyRef: {name: {{ $kafka.account.secret }}, key: {{ $kafka.account.user }}}
- name: CALL_LEDGER_KAFKA_PASSWORD
  valueFrom:
    secretKeyRef: {name: {{ $kafka.account.secret }}, key: {{ $kafka.account.password }}}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Who only reads what shards publish needs no event store. */ -}}
{{- define "call-ledger.serve-has-store" -}}
{{- not (and .Values.serve.readOnly .Values.serve.lake) -}}
{{- end -}}
