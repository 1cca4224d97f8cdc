{{/* A key of TOML. */}}
{{- define "tidegate.toml.key" -}}
{{- if regexMatch "^[A-Za-z0-9_-]+$" . }}{{ . }}{{ else }}{{ toRawJson . }}{{ end }}
{{- end }}

{{/* A value of TOML on one line. */}}
{{- define "tidegate.toml.value" -}}
{{- if kindIs "map" . -}}
{ {{ range $i, $key := keys . | sortAlpha }}{{ if $i }}, {{ end }}
{{- include "tidegate.toml.key" $key }} = {{ include "tidegate.toml.value" (index $ $key) }}{{ end }} }
{{- else if kindIs "slice" . -}}
[{{ range $i, $item := . }}{{ if $i }}, {{ end }}{{ include "tidegate.toml.value" $item }}{{ end }}]
{{- else if typeIs "json.Number" . -}}
{{ . }}
{{- else if kindIs "string" . -}}
{{ toRawJson . }}
{{- else if kindIs "float64" . -}}
{{- /* Helm reads every number of a values file as a float. */ -}}
{{- if eq (floor .) . }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- else -}}
{{ . }}
{{- end }}
{{- end }}

{{/* A table of TOML, as `dict "path" PATH "table" TABLE`: its values, then the tables in it. Those of the whole file are in the order of
the shipped one. */}}
{{- define "tidegate.toml.table" -}}
{{- $values := list }}
{{- $tables := list }}
{{- range $key := keys .table | sortAlpha }}
{{- $value := index $.table $key }}
{{- if kindIs "map" $value }}
{{- $tables = append $tables $key }}
{{- else if not (kindIs "invalid" $value) }}
{{- $values = append $values (printf "%s = %s" (include "tidegate.toml.key" $key) (include "tidegate.toml.value" $value)) }}
{{- end }}
{{- end }}
{{- if and .path (or $values (not $tables)) }}
[{{ .path }}]
{{ range $values }}{{ . }}
{{ end }}
{{- end }}
{{- if not .path }}
{{- $order := list "receivers" "processors" "exporters" "service" }}
{{- $tables = concat (without $tables "receivers" "processors" "exporters" "service" ) $order }}
{{- end }}
{{- range $key := $tables }}
{{- $path := include "tidegate.toml.key" $key }}
{{- if $.path }}{{ $path = printf "%s.%s" $.path $path }}{{ end }}
{{- include "tidegate.toml.table" (dict "path" $path "table" (index $.table $key)) }}
{{- end }}
{{- end }}
