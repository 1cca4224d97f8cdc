{{/*
The configuration as YAML: `config`, and what the sections of the values add to it. Receivers and exporters that no
pipeline names are added to the pipeline `flows`.
*/}}
{{- define "tidegate.config" -}}
{{- $config := deepCopy .Values.config }}
{{- $pipelines := dig "service" "pipelines" dict $config }}
{{- $receivers := list }}
{{- $exporters := list }}
{{- range $pipelines }}
{{- $receivers = concat $receivers (default list .receivers) }}
{{- $exporters = concat $exporters (default list .exporters) }}
{{- end }}
{{- $added := dict "receivers" dict "processors" dict "exporters" dict }}
{{- if .Values.kubernetes.enabled }}
{{- $_ := set $added.receivers "kubernetes" (dict "read" .Values.kubernetes.read) }}
{{- end }}
{{- if include "tidegate.otlp" . }}
{{- $_ := set $added.exporters "otlp" (fromYaml (include "tidegate.config.otlp" .)) }}
{{- end }}
{{- if .Values.prometheus.enabled }}
{{- $_ := set $added.exporters "prometheus" (dict "listen" (include "tidegate.listen" (list . .Values.prometheus.port))) }}
{{- end }}
{{- if .Values.stdout.enabled }}
{{- $_ := set $added.exporters "stdout" (dict "format" .Values.stdout.format) }}
{{- end }}
{{- $telemetry := dict "listen" (include "tidegate.listen" (list . .Values.telemetry.port)) }}
{{- if .Values.admin.enabled }}
{{- $_ := set $telemetry "admin" (dict "listen" "unix:/run/tidegate/admin.sock") }}
{{- end }}
{{- $service := dict
      "cluster_name" .Values.clusterName
      "grace_period" (printf "%ds" (int64 .Values.gracePeriodSeconds))
      "telemetry" $telemetry }}
{{- $config = mergeOverwrite (set $added "service" $service) $config }}
{{- if not $config.exporters }}
{{- fail "there is no exporter: set otlp.endpoint, prometheus.enabled, stdout.enabled or config.exporters" }}
{{- end }}
{{- with index $pipelines "flows" }}
{{- $flows := index $config.service.pipelines "flows" }}
{{- range $id := keys $config.receivers | sortAlpha }}
{{- if not (has $id $receivers) }}
{{- $_ := set $flows "receivers" (append (default list $flows.receivers) $id) }}
{{- end }}
{{- end }}
{{- range $id := keys $config.exporters | sortAlpha }}
{{- if not (has $id $exporters) }}
{{- $_ := set $flows "exporters" (append (default list $flows.exporters) $id) }}
{{- end }}
{{- end }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{/* The exporter `otlp`. */}}
{{- define "tidegate.config.otlp" -}}
{{- $otlp := .Values.otlp }}
{{- $exporter := dict "endpoint" $otlp.endpoint }}
{{- if $otlp.endpointSecret }}
{{- $_ := set $exporter "endpoint" "${env:OTEL_EXPORTER_OTLP_ENDPOINT}" }}
{{- end }}
{{- $headers := deepCopy $otlp.headers }}
{{- range $i, $header := $otlp.headersFromSecret }}
{{- $_ := set $headers $header.header (printf "${env:TIDEGATE_OTLP_HEADER_%d}" $i) }}
{{- end }}
{{- if $headers }}
{{- $_ := set $exporter "headers" $headers }}
{{- end }}
{{- if $otlp.tokenSecret }}
{{- $_ := set $exporter "token_file" "/run/secrets/tidegate/otlp-token/token" }}
{{- end }}
{{- with $otlp.tlsSecret }}
{{- $tls := dict }}
{{- range $key, $file := dict "ca" "ca_file" "cert" "cert_file" "key" "key_file" }}
{{- if index $otlp.tlsSecret $key }}
{{- $_ := set $tls $file (printf "/run/secrets/tidegate/otlp-tls/%s.pem" $key) }}
{{- end }}
{{- end }}
{{- $_ := set $exporter "tls" $tls }}
{{- end }}
{{- toYaml $exporter }}
{{- end }}

{{/* The text of `pipeline.toml`. */}}
{{- define "tidegate.pipeline" -}}
{{- if .Values.pipeline }}
{{- .Values.pipeline }}
{{- else }}
{{- $config := fromYaml (include "tidegate.config" .) }}
{{- include "tidegate.toml.table" (dict "path" "" "table" $config) | trim }}
{{- end }}
{{- end }}
