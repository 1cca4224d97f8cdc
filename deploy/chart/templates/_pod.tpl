{{/* The variables of the container. */}}
{{- define "tidegate.env" -}}
- name: NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
{{- if or .Values.pipeline .Values.existingConfigMap }}
# The shipped pipeline.toml takes these addresses from the environment.
- name: TIDEGATE_TELEMETRY_LISTEN
  value: {{ include "tidegate.listen" (list . .Values.telemetry.port) | quote }}
- name: TIDEGATE_PROMETHEUS_LISTEN
  value: {{ include "tidegate.listen" (list . .Values.prometheus.port) | quote }}
- name: TIDEGATE_LOG_FORMAT
  value: json
{{- with .Values.otlp.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- with .Values.otlp.endpointSecret }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .key }}
{{- end }}
{{- range $i, $header := .Values.otlp.headersFromSecret }}
- name: TIDEGATE_OTLP_HEADER_{{ $i }}
  valueFrom:
    secretKeyRef:
      name: {{ $header.name }}
      key: {{ $header.key }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The mounts of the container. */}}
{{- define "tidegate.volumeMounts" -}}
- name: config
  mountPath: /etc/tidegate
  readOnly: true
# To connect to a socket does not write to its file system.
- name: cilium
  mountPath: /var/run/cilium
  readOnly: true
{{- if .Values.admin.enabled }}
- name: run
  mountPath: /run/tidegate
{{- end }}
{{- if .Values.otlp.tokenSecret }}
- name: otlp-token
  mountPath: /run/secrets/tidegate/otlp-token
  readOnly: true
{{- end }}
{{- if .Values.otlp.tlsSecret }}
- name: otlp-tls
  mountPath: /run/secrets/tidegate/otlp-tls
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The volumes of the pod. */}}
{{- define "tidegate.volumes" -}}
- name: config
  configMap:
    name: {{ include "tidegate.configMap" . }}
- name: cilium
  hostPath:
    path: {{ .Values.cilium.runPath }}
    type: Directory
{{- if .Values.admin.enabled }}
- name: run
  emptyDir:
    medium: Memory
    sizeLimit: 1Mi
{{- end }}
{{- with .Values.otlp.tokenSecret }}
- name: otlp-token
  secret:
    secretName: {{ .name }}
    defaultMode: 0440
    items:
      - key: {{ .key }}
        path: token
{{- end }}
{{- with .Values.otlp.tlsSecret }}
- name: otlp-tls
  secret:
    secretName: {{ .name }}
    defaultMode: 0440
    items:
      {{- range $name := list "ca" "cert" "key" }}
      {{- with index $.Values.otlp.tlsSecret $name }}
      - key: {{ . }}
        path: {{ $name }}.pem
      {{- end }}
      {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
