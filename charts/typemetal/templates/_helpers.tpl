{{/* The name that labels and selectors of MetalLB's chart have, so that an upgrade from it finds its objects. */}}
{{- define "typemetal.name" -}}
{{- default "metallb" .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "typemetal.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{- $name := default "metallb" .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "typemetal.selectorLabels" -}}
app.kubernetes.io/name: {{ include "typemetal.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "typemetal.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "typemetal.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "typemetal.controllerAccount" -}}
{{- if .Values.controller.serviceAccount.create -}}
{{- default (printf "%s-controller" (include "typemetal.fullname" .)) .Values.controller.serviceAccount.name }}
{{- else -}}
{{- default "default" .Values.controller.serviceAccount.name }}
{{- end -}}
{{- end }}

{{- define "typemetal.speakerAccount" -}}
{{- if .Values.speaker.serviceAccount.create -}}
{{- default (printf "%s-speaker" (include "typemetal.fullname" .)) .Values.speaker.serviceAccount.name }}
{{- else -}}
{{- default "default" .Values.speaker.serviceAccount.name }}
{{- end -}}
{{- end }}

{{- define "typemetal.secretName" -}}
{{- default (printf "%s-memberlist" (include "typemetal.fullname" .)) .Values.speaker.secretName }}
{{- end }}

{{/* Of the cluster, not of a namespace: another release has another. For the release metallb it is MetalLB's. */}}
{{- define "typemetal.webhookConfiguration" -}}
{{- printf "%s-webhook-configuration" (include "typemetal.fullname" .) }}
{{- end }}

{{/* Where the certificate of the metrics is mounted, in both programs. */}}
{{- define "typemetal.metricsCertificates" -}}/etc/metallb-metrics-certs{{- end }}

{{/* Flags that both programs have. */}}
{{- define "typemetal.commonArguments" -}}
- --port={{ .Values.prometheus.metricsPort }}
{{- with .Values.loadBalancerClass }}
- --lb-class={{ . }}
{{- end }}
{{- with .Values.tls.minVersion }}
- --tls-min-version={{ . }}
{{- end }}
{{- with .Values.tls.cipherSuites }}
- --tls-cipher-suites={{ . }}
{{- end }}
{{- with .Values.tls.curvePreferences }}
- --tls-curve-preferences={{ . }}
{{- end }}
{{- end }}

{{/* Flags with their values. One without, as with values that were kept from a chart that did not know it, is left to the program. */}}
{{- define "typemetal.flags" -}}
{{- range $flag, $value := . }}
{{- if not (kindIs "invalid" $value) }}
- --{{ $flag }}={{ $value }}
{{- end }}
{{- end }}
{{- end }}

{{/* Annotations of a pod: the scraper's, then the user's. */}}
{{- define "typemetal.podAnnotations" -}}
{{- if .root.Values.prometheus.scrapeAnnotations }}
prometheus.io/scrape: "true"
prometheus.io/scheme: https
prometheus.io/port: {{ .root.Values.prometheus.metricsPort | quote }}
{{- end }}
{{- with .component.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* One probe. Of the values the port is left out: it is the container's. */}}
{{- define "typemetal.probe" -}}
httpGet:
  path: {{ .path }}
  port: health
  {{- with .host }}
  host: {{ . }}
  {{- end }}
{{- range $name, $value := omit .probe "enabled" "port" }}
{{ $name }}: {{ $value }}
{{- end }}
{{- end }}

{{/* What a program was always asked for, and how much it gets where nobody says. */}}
{{- define "typemetal.resources" -}}
{{- if . }}
{{- toYaml . }}
{{- else -}}
requests:
  cpu: 50m
  memory: 160Mi
{{- end }}
{{- end }}

{{/* How often a monitor reads, and what becomes of the labels. */}}
{{- define "typemetal.scrape" -}}
{{- with .interval }}
interval: {{ . }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Which jobs are of this release: by its name, and by whatever label its monitors take the name of the job from. */}}
{{- define "typemetal.jobs" -}}
{{- $jobs := list (printf "%s.*" (include "typemetal.fullname" .)) }}
{{- $labels := include "typemetal.labels" . | fromYaml }}
{{- range $monitor := list .Values.prometheus.serviceMonitor .Values.prometheus.podMonitor }}
{{- with get $labels $monitor.jobLabel }}
{{- $jobs = append $jobs (regexQuoteMeta .) }}
{{- end }}
{{- if eq $monitor.jobLabel "app.kubernetes.io/component" }}
{{- $jobs = concat $jobs (list "controller" "speaker") }}
{{- end }}
{{- end }}
{{- $own := first $jobs }}
{{- $more := list }}
{{- range rest $jobs | uniq }}
{{- if not (hasPrefix (trimSuffix ".*" $own) .) }}{{ $more = append $more . }}{{ end }}
{{- end }}
{{- printf "job=~%q" (prepend $more $own | join "|") }}
{{- end }}

{{/* One alert that compares a metric of the jobs of this release with a value. */}}
{{- define "typemetal.alert" -}}
- alert: {{ .name }}
  annotations:
    summary: {{ .summary | quote }}
  expr: {{ .expression | quote }}
  {{- with .wait }}
  for: {{ . }}
  {{- end }}
  {{- with .labels }}
  labels:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
