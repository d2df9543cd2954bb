{{/* The labels of every object. Selectors keep name and component alone, forever. */}}
{{- define "receiver-hooks.labels" -}}
{{- $labels := dict
  "app.kubernetes.io/name" "receiver-hooks"
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/part-of" "receiver-hooks"
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version) -}}
{{- toYaml (merge $labels .Values.commonLabels) -}}
{{- end }}

{{/* The metadata of an object, but for its name: of (list context component annotations), and maybe more labels. */}}
{{- define "receiver-hooks.metadata" -}}
{{- $context := index . 0 -}}
{{- $component := ternary (dict "app.kubernetes.io/component" (index . 1)) (dict) (ne (index . 1) "") -}}
{{- $more := ternary (last .) (dict) (gt (len .) 3) -}}
{{- $annotations := merge (dict) (index . 2) $context.Values.commonAnnotations -}}
labels:
  {{- merge (fromYaml (include "receiver-hooks.labels" $context)) $component $more | toYaml | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The labels of pods: of (list context component podLabels). Only those that selectors keep cannot be replaced. */}}
{{- define "receiver-hooks.podLabels" -}}
{{- $kept := dict "app.kubernetes.io/name" "receiver-hooks" "app.kubernetes.io/component" (index . 1) -}}
{{- mergeOverwrite (fromYaml (include "receiver-hooks.labels" (index . 0))) (index . 2 | default (dict)) $kept | toYaml -}}
{{- end }}

{{/* The image, by digest where there is one. */}}
{{- define "receiver-hooks.image" -}}
{{- $registry := .Values.global.imageRegistry | default .Values.image.registry -}}
{{- $unset := "image.registry is not set, and no registry has a published image: push the image to yours and set image.registry, or load it onto the nodes and set image.registry=docker.io/library" -}}
{{ required $unset $registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ end -}}
{{- end }}

{{/* The spread over one topology: of (list key role). */}}
{{- define "receiver-hooks.spread" -}}
- maxSkew: 1
  topologyKey: {{ index . 0 }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      app.kubernetes.io/name: receiver-hooks
      app.kubernetes.io/component: {{ index . 1 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}

{{/* The subject of a binding: of (list context role). Where one Deployment has both roles, it is the trigger's account. */}}
{{- define "receiver-hooks.subject" -}}
{{- $context := index . 0 -}}
- kind: ServiceAccount
  name: receiver-hooks-{{ if $context.Values.single }}trigger{{ else }}{{ index . 1 }}{{ end }}
  namespace: {{ $context.Release.Namespace }}
{{- end }}
