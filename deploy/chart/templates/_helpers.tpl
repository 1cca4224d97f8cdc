{{/* The name of the chart, for labels. */}}
{{- define "tidegate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of objects. */}}
{{- define "tidegate.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* The labels that select the pods; they never change. */}}
{{- define "tidegate.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tidegate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The labels of every object. */}}
{{- define "tidegate.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "tidegate.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: agent
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The image. */}}
{{- define "tidegate.image" -}}
{{- $image := .Values.image }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else }}
{{- printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) }}
{{- end }}
{{- end }}

{{/* The ConfigMap with the pipeline. */}}
{{- define "tidegate.configMap" -}}
{{- default (include "tidegate.fullname" .) .Values.existingConfigMap }}
{{- end }}

{{/* The service account, or nothing where none is needed. */}}
{{- define "tidegate.serviceAccount" -}}
{{- if .Values.serviceAccount.name }}
{{- .Values.serviceAccount.name }}
{{- else if .Values.kubernetes.enabled }}
{{- include "tidegate.fullname" . }}
{{- end }}
{{- end }}

{{/* Address and port to listen to, of `list CONTEXT PORT`. */}}
{{- define "tidegate.listen" -}}
{{- printf "%s:%d" (index . 0).Values.listenAddress (int64 (index . 1)) }}
{{- end }}

{{/* Whether flows are sent over OTLP: `true` or nothing. */}}
{{- define "tidegate.otlp" -}}
{{- if or .Values.otlp.endpoint .Values.otlp.endpointSecret }}true{{ end }}
{{- end }}

{{/* The pod's security context. */}}
{{- define "tidegate.podSecurityContext" -}}
{{- $context := dict "seccompProfile" (dict "type" "RuntimeDefault") }}
{{- if kindIs "invalid" .Values.socketGroup }}
{{- $context = merge $context (dict "runAsUser" 0 "runAsGroup" 0) }}
{{- else }}
{{- $context = merge $context (dict
      "runAsNonRoot" true "runAsUser" 65532 "runAsGroup" 65532 "fsGroup" 65532
      "supplementalGroups" (list (int64 .Values.socketGroup))) }}
{{- end }}
{{- toYaml (mergeOverwrite $context .Values.podSecurityContext) }}
{{- end }}

{{/* The container's security context. */}}
{{- define "tidegate.securityContext" -}}
{{- $context := dict
      "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "privileged" false
      "capabilities" (dict "drop" (list "ALL")) }}
{{- toYaml (mergeOverwrite $context .Values.securityContext) }}
{{- end }}
