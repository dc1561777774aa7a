{{/* The parts of an iprange as a JSON array, each checked. Fails as the charm of Charmed Kubernetes says it. */}}
{{- define "typemetal.ranges" -}}
{{- $ranges := list -}}
{{- range splitList "," . -}}
{{- $range := nospace . -}}
{{- if contains "/" $range -}}
{{- include "typemetal.checkCidr" $range -}}
{{- else if contains "-" $range -}}
{{- include "typemetal.checkRange" $range -}}
{{- else -}}
{{- fail (printf "Invalid iprange: %q is neither a CIDR nor a range: want 10.0.0.0/24 or 10.0.0.1-10.0.0.9" $range) -}}
{{- end -}}
{{- $ranges = append $ranges $range -}}
{{- end -}}
{{- toJson $ranges -}}
{{- end }}

{{- define "typemetal.checkCidr" -}}
{{- $parts := splitList "/" . -}}
{{- $family := include "typemetal.family" (dict "address" (first $parts) "range" .) -}}
{{- $most := ternary 32 128 (eq $family "4") -}}
{{- $length := last $parts -}}
{{- if or (ne (len $parts) 2) (not (regexMatch "^[0-9]{1,3}$" $length)) (gt (int $length) $most) -}}
{{- fail (printf "Invalid iprange: %q has no prefix length of 0 to %d behind one slash" . $most) -}}
{{- end -}}
{{- end }}

{{- define "typemetal.checkRange" -}}
{{- $parts := splitList "-" . -}}
{{- if ne (len $parts) 2 -}}
{{- fail (printf "Invalid iprange: %q has more than a first and a last address" .) -}}
{{- end -}}
{{- $from := include "typemetal.family" (dict "address" (first $parts) "range" .) -}}
{{- $to := include "typemetal.family" (dict "address" (last $parts) "range" .) -}}
{{- if ne $from $to -}}
{{- fail (printf "Invalid iprange: %q begins and ends in different families" .) -}}
{{- end -}}
{{- if and (eq $from "4") (gt (include "typemetal.number" (first $parts) | int64) (include "typemetal.number" (last $parts) | int64)) -}}
{{- fail (printf "Invalid iprange: %q ends before it begins" .) -}}
{{- end -}}
{{- end }}

{{/* An IPv4 address as a number. */}}
{{- define "typemetal.number" -}}
{{- $number := 0 -}}
{{- range splitList "." . -}}
{{- $number = add (mul $number 256) (int64 .) -}}
{{- end -}}
{{- $number -}}
{{- end }}

{{/* 4 or 6; fails when it is no address. Of IPv6 the order and the rare forms are left to the controller. */}}
{{- define "typemetal.family" -}}
{{- if regexMatch "^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\\.|$)){4}$" .address -}}
4
{{- else if or (regexMatch "^([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}$" .address) (regexMatch "^(([0-9a-fA-F]{1,4}:){0,6}[0-9a-fA-F]{1,4})?::(([0-9a-fA-F]{1,4}:){0,6}[0-9a-fA-F]{1,4})?$" .address) -}}
6
{{- else -}}
{{- fail (printf "Invalid iprange: %q is no IP address in %q" .address .range) -}}
{{- end -}}
{{- end }}
