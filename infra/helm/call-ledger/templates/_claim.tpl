{{- /* The volume of a ledger's folder. */ -}}
{{- define "call-ledger.claim" -}}
- metadata: {name: ledger}
  spec:
    accessModes: [ReadWriteOnce]
    {{- with .class }}
    storageClassName: {{ . }}
    {{- end }}
    resources:
      requests: {storage: {{ .size }}}
{{- end -}}
