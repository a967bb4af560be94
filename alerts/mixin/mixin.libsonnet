// Written by `python -m monitor.definitions`; change monitor/definitions instead.
{
  grafanaDashboardFolder:: "TaskMed",
  grafanaDashboards+:: {
    "service.json": import '../../dashboards/service.json',
    "tenants.json": import '../../dashboards/tenants.json',
    "cache.json": import '../../dashboards/cache.json',
    "database.json": import '../../dashboards/database.json',
    "runtime.json": import '../../dashboards/runtime.json',
    "capacity.json": import '../../dashboards/capacity.json',
  },
  prometheusRules+:: { groups+: [
    {
      "name": "taskmed-service",
      "rules": [
        {
          "record": "job:http_requests:rate5m",
          "expr": "sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[5m]))"
        },
        {
          "record": "job:http_request_errors:rate5m",
          "expr": "(sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\",error_type!=\"\"}[5m])) or 0 * sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[5m])))"
        },
        {
          "record": "job:http_requests_slow:rate5m",
          "expr": "(sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[5m])) - sum by (job) (rate(http_server_request_duration_seconds_bucket{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\",le=\"0.1\"}[5m])))"
        },
        {
          "record": "job:http_request_errors:ratio_rate5m",
          "expr": "round(job:http_request_errors:rate5m{job=\"taskmed\"} / (job:http_requests:rate5m{job=\"taskmed\"} > 0), 0.000001)"
        },
        {
          "record": "job:http_request_duration_seconds:mean5m",
          "expr": "round(sum by (job) (rate(http_server_request_duration_seconds_sum{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[5m])) / (sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[5m])) > 0), 0.000001)"
        },
        {
          "record": "job:http_request_errors:ratio_rate2m30s",
          "expr": "round((sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\",error_type!=\"\"}[2m30s])) or 0 * sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[2m30s]))) / (sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[2m30s])) > 0), 0.000001)"
        },
        {
          "record": "job:http_request_duration_seconds:mean2m30s",
          "expr": "round(sum by (job) (rate(http_server_request_duration_seconds_sum{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[2m30s])) / (sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[2m30s])) > 0), 0.000001)"
        }
      ]
    },
    {
      "name": "taskmed-budgets",
      "rules": [
        {
          "record": "job:http_requests:rate30m",
          "expr": "sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[30m]))"
        },
        {
          "record": "job:http_request_errors:rate30m",
          "expr": "(sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\",error_type!=\"\"}[30m])) or 0 * sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[30m])))"
        },
        {
          "record": "job:http_requests_slow:rate30m",
          "expr": "(sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[30m])) - sum by (job) (rate(http_server_request_duration_seconds_bucket{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\",le=\"0.1\"}[30m])))"
        },
        {
          "record": "job:http_requests:rate1h",
          "expr": "sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[1h]))"
        },
        {
          "record": "job:http_request_errors:rate1h",
          "expr": "(sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\",error_type!=\"\"}[1h])) or 0 * sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[1h])))"
        },
        {
          "record": "job:http_requests_slow:rate1h",
          "expr": "(sum by (job) (rate(http_server_request_duration_seconds_count{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[1h])) - sum by (job) (rate(http_server_request_duration_seconds_bucket{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\",le=\"0.1\"}[1h])))"
        },
        {
          "record": "job:http_requests:rate2h",
          "expr": "avg_over_time(job:http_requests:rate5m{job=\"taskmed\"}[2h])"
        },
        {
          "record": "job:http_request_errors:rate2h",
          "expr": "avg_over_time(job:http_request_errors:rate5m{job=\"taskmed\"}[2h])"
        },
        {
          "record": "job:http_requests_slow:rate2h",
          "expr": "avg_over_time(job:http_requests_slow:rate5m{job=\"taskmed\"}[2h])"
        },
        {
          "record": "job:http_requests:rate6h",
          "expr": "avg_over_time(job:http_requests:rate5m{job=\"taskmed\"}[6h])"
        },
        {
          "record": "job:http_request_errors:rate6h",
          "expr": "avg_over_time(job:http_request_errors:rate5m{job=\"taskmed\"}[6h])"
        },
        {
          "record": "job:http_requests_slow:rate6h",
          "expr": "avg_over_time(job:http_requests_slow:rate5m{job=\"taskmed\"}[6h])"
        },
        {
          "record": "job:http_requests:rate1d",
          "expr": "avg_over_time(job:http_requests:rate5m{job=\"taskmed\"}[1d])"
        },
        {
          "record": "job:http_request_errors:rate1d",
          "expr": "avg_over_time(job:http_request_errors:rate5m{job=\"taskmed\"}[1d])"
        },
        {
          "record": "job:http_requests_slow:rate1d",
          "expr": "avg_over_time(job:http_requests_slow:rate5m{job=\"taskmed\"}[1d])"
        },
        {
          "record": "job:http_requests:rate3d",
          "expr": "avg_over_time(job:http_requests:rate5m{job=\"taskmed\"}[3d])"
        },
        {
          "record": "job:http_request_errors:rate3d",
          "expr": "avg_over_time(job:http_request_errors:rate5m{job=\"taskmed\"}[3d])"
        },
        {
          "record": "job:http_requests_slow:rate3d",
          "expr": "avg_over_time(job:http_requests_slow:rate5m{job=\"taskmed\"}[3d])"
        }
      ]
    },
    {
      "name": "taskmed-tenants",
      "rules": [
        {
          "record": "job_tenant:http_requests:rate5m",
          "expr": "sum by (job, tenant) (rate(tenant_http_requests_total{job=\"taskmed\"}[5m]))"
        },
        {
          "record": "job_tenant:http_request_errors:rate5m",
          "expr": "(sum by (job, tenant) (rate(tenant_http_requests_total{job=\"taskmed\",outcome=\"server_error\"}[5m])) or 0 * sum by (job, tenant) (rate(tenant_http_requests_total{job=\"taskmed\"}[5m])))"
        },
        {
          "record": "job_tenant:http_request_errors:ratio_rate5m",
          "expr": "round(job_tenant:http_request_errors:rate5m{job=\"taskmed\"} / (job_tenant:http_requests:rate5m{job=\"taskmed\"} > 0), 0.000001)"
        },
        {
          "record": "job_tenant:http_request_duration_seconds:mean5m",
          "expr": "round(sum by (job, tenant) (rate(tenant_http_request_duration_seconds_sum{job=\"taskmed\"}[5m])) / (sum by (job, tenant) (rate(tenant_http_request_duration_seconds_count{job=\"taskmed\"}[5m])) > 0), 0.000001)"
        },
        {
          "record": "job_tenant:http_request_errors:ratio_rate2m30s",
          "expr": "round((sum by (job, tenant) (rate(tenant_http_requests_total{job=\"taskmed\",outcome=\"server_error\"}[2m30s])) or 0 * sum by (job, tenant) (rate(tenant_http_requests_total{job=\"taskmed\"}[2m30s]))) / (sum by (job, tenant) (rate(tenant_http_requests_total{job=\"taskmed\"}[2m30s])) > 0), 0.000001)"
        },
        {
          "record": "job_tenant:http_request_duration_seconds:mean2m30s",
          "expr": "round(sum by (job, tenant) (rate(tenant_http_request_duration_seconds_sum{job=\"taskmed\"}[2m30s])) / (sum by (job, tenant) (rate(tenant_http_request_duration_seconds_count{job=\"taskmed\"}[2m30s])) > 0), 0.000001)"
        }
      ]
    },
    {
      "name": "taskmed-low-volume",
      "interval": "5m",
      "rules": [
        {
          "record": "job_tenant:http_requests:rate1h",
          "expr": "sum by (job, tenant) (rate(tenant_http_requests_total{job=\"taskmed\"}[1h]))"
        },
        {
          "record": "job_tenant:http_request_errors:rate1h",
          "expr": "(sum by (job, tenant) (rate(tenant_http_requests_total{job=\"taskmed\",outcome=\"server_error\"}[1h])) or 0 * sum by (job, tenant) (rate(tenant_http_requests_total{job=\"taskmed\"}[1h])))"
        },
        {
          "record": "job_tenant:http_request_errors:ratio_rate1h",
          "expr": "round(job_tenant:http_request_errors:rate1h{job=\"taskmed\"} / (job_tenant:http_requests:rate1h{job=\"taskmed\"} > 0), 0.000001)"
        },
        {
          "record": "job_tenant:http_request_duration_seconds:mean1h",
          "expr": "round(sum by (job, tenant) (rate(tenant_http_request_duration_seconds_sum{job=\"taskmed\"}[1h])) / (sum by (job, tenant) (rate(tenant_http_request_duration_seconds_count{job=\"taskmed\"}[1h])) > 0), 0.000001)"
        },
        {
          "record": "job_tenant:http_requests:rate6h",
          "expr": "sum by (job, tenant) (rate(tenant_http_requests_total{job=\"taskmed\"}[6h]))"
        },
        {
          "record": "job_tenant:http_request_errors:rate6h",
          "expr": "(sum by (job, tenant) (rate(tenant_http_requests_total{job=\"taskmed\",outcome=\"server_error\"}[6h])) or 0 * sum by (job, tenant) (rate(tenant_http_requests_total{job=\"taskmed\"}[6h])))"
        },
        {
          "record": "job_tenant:http_request_errors:ratio_rate6h",
          "expr": "round(job_tenant:http_request_errors:rate6h{job=\"taskmed\"} / (job_tenant:http_requests:rate6h{job=\"taskmed\"} > 0), 0.000001)"
        },
        {
          "record": "job_tenant:http_request_duration_seconds:mean6h",
          "expr": "round(sum by (job, tenant) (rate(tenant_http_request_duration_seconds_sum{job=\"taskmed\"}[6h])) / (sum by (job, tenant) (rate(tenant_http_request_duration_seconds_count{job=\"taskmed\"}[6h])) > 0), 0.000001)"
        }
      ]
    },
    {
      "name": "taskmed-cache",
      "rules": [
        {
          "record": "job:cache_lookups:rate10m",
          "expr": "sum by (job) (rate(cache_requests_total{job=\"taskmed\",result!=\"bypass\"}[10m]))"
        },
        {
          "record": "job:cache_hits:ratio_rate10m",
          "expr": "round((sum by (job) (rate(cache_requests_total{job=\"taskmed\",result=\"hit\"}[10m])) or 0 * sum by (job) (rate(cache_requests_total{job=\"taskmed\",result!=\"bypass\"}[10m]))) / (sum by (job) (rate(cache_requests_total{job=\"taskmed\",result!=\"bypass\"}[10m])) > 0), 0.000001)"
        },
        {
          "record": "job_domain:cache_lookups:rate10m",
          "expr": "sum by (job, domain) (rate(cache_requests_total{job=\"taskmed\",result!=\"bypass\"}[10m]))"
        },
        {
          "record": "job_domain:cache_hits:ratio_rate10m",
          "expr": "round((sum by (job, domain) (rate(cache_requests_total{job=\"taskmed\",result=\"hit\"}[10m])) or 0 * sum by (job, domain) (rate(cache_requests_total{job=\"taskmed\",result!=\"bypass\"}[10m]))) / (sum by (job, domain) (rate(cache_requests_total{job=\"taskmed\",result!=\"bypass\"}[10m])) > 0), 0.000001)"
        },
        {
          "record": "job_tenant:cache_lookups:rate10m",
          "expr": "sum by (job, tenant) (rate(cache_requests_total{job=\"taskmed\",result!=\"bypass\"}[10m]))"
        },
        {
          "record": "job_tenant:cache_hits:ratio_rate10m",
          "expr": "round((sum by (job, tenant) (rate(cache_requests_total{job=\"taskmed\",result=\"hit\"}[10m])) or 0 * sum by (job, tenant) (rate(cache_requests_total{job=\"taskmed\",result!=\"bypass\"}[10m]))) / (sum by (job, tenant) (rate(cache_requests_total{job=\"taskmed\",result!=\"bypass\"}[10m])) > 0), 0.000001)"
        }
      ]
    },
    {
      "name": "taskmed-quantiles",
      "interval": "1m",
      "rules": [
        {
          "record": "job:http_request_duration_seconds:p50_rate5m",
          "expr": "histogram_quantile(0.5, sum by (le, job) (rate(http_server_request_duration_seconds_bucket{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[5m])))"
        },
        {
          "record": "job:http_request_duration_seconds:p95_rate5m",
          "expr": "histogram_quantile(0.95, sum by (le, job) (rate(http_server_request_duration_seconds_bucket{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[5m])))"
        },
        {
          "record": "job:http_request_duration_seconds:p99_rate5m",
          "expr": "histogram_quantile(0.99, sum by (le, job) (rate(http_server_request_duration_seconds_bucket{job=\"taskmed\",http_route!~\"/api/health|/api/health/.*|/metrics|/console|/console/.*|/api/metrics|/api/traces|/api/cache/.*|/api/stress/.*\",caller!=\"anonymous\"}[5m])))"
        },
        {
          "record": "job_tenant:http_request_duration_seconds:p50_rate5m",
          "expr": "histogram_quantile(0.5, sum by (le, job, tenant) (rate(tenant_http_request_duration_seconds_bucket{job=\"taskmed\"}[5m])))"
        },
        {
          "record": "job_tenant:http_request_duration_seconds:p95_rate5m",
          "expr": "histogram_quantile(0.95, sum by (le, job, tenant) (rate(tenant_http_request_duration_seconds_bucket{job=\"taskmed\"}[5m])))"
        },
        {
          "record": "job_tenant:http_request_duration_seconds:p99_rate5m",
          "expr": "histogram_quantile(0.99, sum by (le, job, tenant) (rate(tenant_http_request_duration_seconds_bucket{job=\"taskmed\"}[5m])))"
        }
      ]
    }
  ] },
  prometheusAlerts+:: { groups+: [
    {
      "name": "taskmed-presence",
      "rules": [
        {
          "alert": "ServiceDown",
          "expr": "sum by (job) (up{job=\"taskmed\"}) == 0",
          "for": "1m",
          "keep_firing_for": "30m",
          "labels": {
            "severity": "page",
            "concern": "presence"
          },
          "annotations": {
            "summary": "TaskMed is down: no replica answers",
            "description": "Not one replica of the service answers its scrape.",
            "value": "{{ $value | humanize }}",
            "threshold": "no replica up, for 1m",
            "normal": "every replica up",
            "runbook_url": "https://taskmed.example/docs/runbooks/ServiceDown.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "ServiceMissing",
          "expr": "absent(up{job=\"taskmed\"})",
          "for": "1m",
          "keep_firing_for": "30m",
          "labels": {
            "severity": "page",
            "concern": "presence"
          },
          "annotations": {
            "summary": "TaskMed has no target in Prometheus",
            "description": "Prometheus knows no target of the service: nothing is watched.",
            "threshold": "no target, for 1m",
            "normal": "a target for every replica",
            "runbook_url": "https://taskmed.example/docs/runbooks/ServiceMissing.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "ReplicaDown",
          "expr": "up{job=\"taskmed\"} == 0 and on (job) sum by (job) (up{job=\"taskmed\"}) > 0",
          "for": "5m",
          "labels": {
            "severity": "ticket",
            "concern": "presence"
          },
          "annotations": {
            "summary": "TaskMed: replica {{ $labels.instance }} is down",
            "description": "One replica does not answer its scrape, others do.",
            "value": "{{ $value | humanize }}",
            "threshold": "a replica down, for 5m",
            "normal": "every replica up",
            "runbook_url": "https://taskmed.example/docs/runbooks/ReplicaDown.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "NoTraffic",
          "expr": "(sum by (job) (up{job=\"taskmed\"}) > 0 unless on (job) job:http_requests:rate5m{job=\"taskmed\"} > 0) and on (job) (avg_over_time(job:http_requests:rate5m{job=\"taskmed\"}[30m] offset 15m) > 1 or avg_over_time(job:http_requests:rate5m{job=\"taskmed\"}[30m] offset 7d) > 1 or ALERTS{job=\"taskmed\", alertname=\"NoTraffic\", alertstate=\"firing\"}) unless on (job) (avg_over_time(job:http_requests:rate5m{job=\"taskmed\"}[1h] offset 6d23h30m) <= 1)",
          "for": "5m",
          "labels": {
            "severity": "page",
            "concern": "presence"
          },
          "annotations": {
            "summary": "TaskMed receives no requests",
            "description": "The service is up and nobody reaches it, although there was traffic before.",
            "value": "{{ $value | humanize }}",
            "threshold": "no request in 5m, or no series of requests at all, for 5m; until the next request",
            "normal": "over 1 requests a second, before or at this hour a week ago",
            "runbook_url": "https://taskmed.example/docs/runbooks/NoTraffic.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "Watchdog",
          "expr": "vector(1)",
          "labels": {
            "severity": "none",
            "concern": "telemetry",
            "job": "taskmed"
          },
          "annotations": {
            "summary": "TaskMed: alerting works",
            "description": "Always fires: a receiver that stops hearing it knows that alerting itself is broken.",
            "threshold": "always",
            "normal": "firing",
            "runbook_url": "https://taskmed.example/docs/runbooks/Watchdog.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        }
      ]
    },
    {
      "name": "taskmed-errors",
      "rules": [
        {
          "alert": "ServiceErrorsHigh",
          "expr": "job:http_request_errors:ratio_rate5m{job=\"taskmed\"} > 0.05 and job:http_request_errors:ratio_rate2m30s{job=\"taskmed\"} > 0.05 and job:http_requests:rate5m{job=\"taskmed\"} >= 0.1",
          "for": "5m",
          "keep_firing_for": "10m",
          "labels": {
            "severity": "page",
            "concern": "errors"
          },
          "annotations": {
            "summary": "TaskMed: error ratio {{ $value | humanizePercentage }}",
            "description": "The error ratio of the whole service is over 5 %.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 5 %, measured over 5m and over 2m30s, for 5m",
            "normal": "0 to 1 %",
            "worst": "{{ range $i, $it := query `topk(5, job_tenant:http_request_errors:ratio_rate5m{job=\"taskmed\", tenant!=\"__none__\"} > 0.05 and job_tenant:http_request_errors:ratio_rate2m30s{job=\"taskmed\", tenant!=\"__none__\"} > 0.05 and job_tenant:http_requests:rate5m{job=\"taskmed\", tenant!=\"__none__\"} >= 0.1)` }}{{ if $i }}, {{ end }}{{ $it.Labels.tenant }} ({{ $it.Value | humanizePercentage }}){{ end }}",
            "runbook_url": "https://taskmed.example/docs/runbooks/ServiceErrorsHigh.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "ManyTenantsErrorsHigh",
          "expr": "count by (job) (job_tenant:http_request_errors:ratio_rate5m{job=\"taskmed\", tenant!=\"__none__\"} > 0.05 and job_tenant:http_request_errors:ratio_rate2m30s{job=\"taskmed\", tenant!=\"__none__\"} > 0.05 and job_tenant:http_requests:rate5m{job=\"taskmed\", tenant!=\"__none__\"} >= 0.1) > 10",
          "for": "6m",
          "keep_firing_for": "7m30s",
          "labels": {
            "severity": "page",
            "concern": "errors"
          },
          "annotations": {
            "summary": "{{ $value | humanize }} clinics with error ratio over 5 %",
            "description": "The error ratio of many clinics is over 5 % at the same time.",
            "value": "{{ $value | humanize }}",
            "threshold": "more than 10 clinics with error ratio over 5 %, measured over 5m and over 2m30s, for 6m",
            "normal": "no clinic",
            "runbook_url": "https://taskmed.example/docs/runbooks/ManyTenantsErrorsHigh.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-tenants?var-job=taskmed"
          }
        },
        {
          "alert": "TenantErrorsHigh",
          "expr": "job_tenant:http_request_errors:ratio_rate5m{job=\"taskmed\", tenant!=\"__none__\"} > 0.05 and job_tenant:http_request_errors:ratio_rate2m30s{job=\"taskmed\", tenant!=\"__none__\"} > 0.05 and job_tenant:http_requests:rate5m{job=\"taskmed\", tenant!=\"__none__\"} >= 0.1",
          "for": "7m",
          "keep_firing_for": "5m",
          "labels": {
            "severity": "page",
            "concern": "errors"
          },
          "annotations": {
            "summary": "Clinic {{ $labels.tenant }}: error ratio {{ $value | humanizePercentage }}",
            "description": "The error ratio of one clinic is over 5 %.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 5 %, measured over 5m and over 2m30s, for 7m",
            "normal": "0 to 1 %",
            "runbook_url": "https://taskmed.example/docs/runbooks/TenantErrorsHigh.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-tenants?var-job=taskmed&var-tenant={{ $labels.tenant }}"
          }
        }
      ]
    },
    {
      "name": "taskmed-latency",
      "rules": [
        {
          "alert": "ServiceLatencyHigh",
          "expr": "job:http_request_duration_seconds:mean5m{job=\"taskmed\"} > 0.1 and job:http_request_duration_seconds:mean2m30s{job=\"taskmed\"} > 0.1 and job:http_requests:rate5m{job=\"taskmed\"} >= 0.1",
          "for": "5m",
          "keep_firing_for": "10m",
          "labels": {
            "severity": "page",
            "concern": "latency"
          },
          "annotations": {
            "summary": "TaskMed: mean response time {{ $value | humanizeDuration }}",
            "description": "The mean response time of the whole service is over 100 ms.",
            "value": "{{ $value | humanizeDuration }}",
            "threshold": "over 100 ms, measured over 5m and over 2m30s, for 5m",
            "normal": "5 to 50 ms",
            "worst": "{{ range $i, $it := query `topk(5, job_tenant:http_request_duration_seconds:mean5m{job=\"taskmed\", tenant!=\"__none__\"} > 0.1 and job_tenant:http_request_duration_seconds:mean2m30s{job=\"taskmed\", tenant!=\"__none__\"} > 0.1 and job_tenant:http_requests:rate5m{job=\"taskmed\", tenant!=\"__none__\"} >= 0.1)` }}{{ if $i }}, {{ end }}{{ $it.Labels.tenant }} ({{ $it.Value | humanizeDuration }}){{ end }}",
            "runbook_url": "https://taskmed.example/docs/runbooks/ServiceLatencyHigh.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "ManyTenantsLatencyHigh",
          "expr": "count by (job) (job_tenant:http_request_duration_seconds:mean5m{job=\"taskmed\", tenant!=\"__none__\"} > 0.1 and job_tenant:http_request_duration_seconds:mean2m30s{job=\"taskmed\", tenant!=\"__none__\"} > 0.1 and job_tenant:http_requests:rate5m{job=\"taskmed\", tenant!=\"__none__\"} >= 0.1) > 10",
          "for": "6m",
          "keep_firing_for": "7m30s",
          "labels": {
            "severity": "page",
            "concern": "latency"
          },
          "annotations": {
            "summary": "{{ $value | humanize }} clinics with mean response time over 100 ms",
            "description": "The mean response time of many clinics is over 100 ms at the same time.",
            "value": "{{ $value | humanize }}",
            "threshold": "more than 10 clinics with mean response time over 100 ms, measured over 5m and over 2m30s, for 6m",
            "normal": "no clinic",
            "runbook_url": "https://taskmed.example/docs/runbooks/ManyTenantsLatencyHigh.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-tenants?var-job=taskmed"
          }
        },
        {
          "alert": "TenantLatencyHigh",
          "expr": "job_tenant:http_request_duration_seconds:mean5m{job=\"taskmed\", tenant!=\"__none__\"} > 0.1 and job_tenant:http_request_duration_seconds:mean2m30s{job=\"taskmed\", tenant!=\"__none__\"} > 0.1 and job_tenant:http_requests:rate5m{job=\"taskmed\", tenant!=\"__none__\"} >= 0.1",
          "for": "7m",
          "keep_firing_for": "5m",
          "labels": {
            "severity": "page",
            "concern": "latency"
          },
          "annotations": {
            "summary": "Clinic {{ $labels.tenant }}: mean response time {{ $value | humanizeDuration }}",
            "description": "The mean response time of one clinic is over 100 ms.",
            "value": "{{ $value | humanizeDuration }}",
            "threshold": "over 100 ms, measured over 5m and over 2m30s, for 7m",
            "normal": "5 to 50 ms",
            "runbook_url": "https://taskmed.example/docs/runbooks/TenantLatencyHigh.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-tenants?var-job=taskmed&var-tenant={{ $labels.tenant }}"
          }
        }
      ]
    },
    {
      "name": "taskmed-hit-ratio",
      "rules": [
        {
          "alert": "ServiceHitRatioLow",
          "expr": "job:cache_hits:ratio_rate10m{job=\"taskmed\"} < 0.7 and job:cache_lookups:rate10m{job=\"taskmed\"} >= 1",
          "for": "15m",
          "keep_firing_for": "10m",
          "labels": {
            "severity": "ticket",
            "concern": "hit_ratio"
          },
          "annotations": {
            "summary": "TaskMed: cache hit ratio {{ $value | humanizePercentage }}",
            "description": "The cache hit ratio of the whole service is under 70 %.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "under 70 %, measured over 10m, for 15m",
            "normal": "85 to 99 %",
            "worst": "{{ range $i, $it := query `bottomk(5, job_tenant:cache_hits:ratio_rate10m{job=\"taskmed\", tenant!=\"__none__\"} < 0.7 and job_tenant:cache_lookups:rate10m{job=\"taskmed\", tenant!=\"__none__\"} >= 1)` }}{{ if $i }}, {{ end }}{{ $it.Labels.tenant }} ({{ $it.Value | humanizePercentage }}){{ end }}",
            "runbook_url": "https://taskmed.example/docs/runbooks/ServiceHitRatioLow.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-cache?var-job=taskmed"
          }
        },
        {
          "alert": "ManyTenantsHitRatioLow",
          "expr": "count by (job) (job_tenant:cache_hits:ratio_rate10m{job=\"taskmed\", tenant!=\"__none__\"} < 0.7 and job_tenant:cache_lookups:rate10m{job=\"taskmed\", tenant!=\"__none__\"} >= 1) > 10",
          "for": "16m",
          "keep_firing_for": "7m30s",
          "labels": {
            "severity": "ticket",
            "concern": "hit_ratio"
          },
          "annotations": {
            "summary": "{{ $value | humanize }} clinics with cache hit ratio under 70 %",
            "description": "The cache hit ratio of many clinics is under 70 % at the same time.",
            "value": "{{ $value | humanize }}",
            "threshold": "more than 10 clinics with cache hit ratio under 70 %, measured over 10m, for 16m",
            "normal": "no clinic",
            "runbook_url": "https://taskmed.example/docs/runbooks/ManyTenantsHitRatioLow.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-tenants?var-job=taskmed"
          }
        },
        {
          "alert": "TenantHitRatioLow",
          "expr": "job_tenant:cache_hits:ratio_rate10m{job=\"taskmed\", tenant!=\"__none__\"} < 0.7 and job_tenant:cache_lookups:rate10m{job=\"taskmed\", tenant!=\"__none__\"} >= 1",
          "for": "17m",
          "keep_firing_for": "5m",
          "labels": {
            "severity": "ticket",
            "concern": "hit_ratio"
          },
          "annotations": {
            "summary": "Clinic {{ $labels.tenant }}: cache hit ratio {{ $value | humanizePercentage }}",
            "description": "The cache hit ratio of one clinic is under 70 %.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "under 70 %, measured over 10m, for 17m",
            "normal": "85 to 99 %",
            "runbook_url": "https://taskmed.example/docs/runbooks/TenantHitRatioLow.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-tenants?var-job=taskmed&var-tenant={{ $labels.tenant }}"
          }
        }
      ]
    },
    {
      "name": "taskmed-failing",
      "rules": [
        {
          "alert": "ServiceFailing",
          "expr": "job:http_request_errors:ratio_rate2m30s{job=\"taskmed\"} > 0.5 and job:http_requests:rate5m{job=\"taskmed\"} >= 0.1",
          "for": "1m15s",
          "keep_firing_for": "25m",
          "labels": {
            "severity": "page",
            "concern": "errors"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanizePercentage }} of all requests fail",
            "description": "Most requests of the whole service fail.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 50 %, measured over 2m30s, for 1m15s",
            "normal": "0 to 1 %",
            "worst": "{{ range $i, $it := query `topk(5, job_tenant:http_request_errors:ratio_rate2m30s{job=\"taskmed\", tenant!=\"__none__\"} > 0.5 and job_tenant:http_requests:rate5m{job=\"taskmed\", tenant!=\"__none__\"} >= 0.1)` }}{{ if $i }}, {{ end }}{{ $it.Labels.tenant }} ({{ $it.Value | humanizePercentage }}){{ end }}",
            "runbook_url": "https://taskmed.example/docs/runbooks/ServiceFailing.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "TenantFailing",
          "expr": "job_tenant:http_request_errors:ratio_rate2m30s{job=\"taskmed\", tenant!=\"__none__\"} > 0.5 and job_tenant:http_requests:rate5m{job=\"taskmed\", tenant!=\"__none__\"} >= 0.1",
          "for": "1m45s",
          "keep_firing_for": "20m",
          "labels": {
            "severity": "page",
            "concern": "errors"
          },
          "annotations": {
            "summary": "Clinic {{ $labels.tenant }}: {{ $value | humanizePercentage }} of its requests fail",
            "description": "Most requests of one clinic fail.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 50 %, measured over 2m30s, for 1m45s",
            "normal": "0 to 1 %",
            "runbook_url": "https://taskmed.example/docs/runbooks/TenantFailing.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-tenants?var-job=taskmed&var-tenant={{ $labels.tenant }}"
          }
        }
      ]
    },
    {
      "name": "taskmed-quiet-tenants",
      "rules": [
        {
          "alert": "QuietTenantErrorsHigh",
          "expr": "(job_tenant:http_request_errors:ratio_rate1h{job=\"taskmed\", tenant!=\"__none__\"} > 0.05 and job_tenant:http_request_errors:rate1h{job=\"taskmed\", tenant!=\"__none__\"} * 3600 >= 5 and job_tenant:http_requests:rate1h{job=\"taskmed\", tenant!=\"__none__\"} < 0.1) or (job_tenant:http_request_errors:ratio_rate6h{job=\"taskmed\", tenant!=\"__none__\"} > 0.05 and job_tenant:http_request_errors:rate6h{job=\"taskmed\", tenant!=\"__none__\"} * 21600 >= 5 and job_tenant:http_requests:rate6h{job=\"taskmed\", tenant!=\"__none__\"} < 0.1) or (job_tenant:http_request_errors:ratio_rate6h{job=\"taskmed\", tenant!=\"__none__\"} >= 1 and job_tenant:http_requests:rate6h{job=\"taskmed\", tenant!=\"__none__\"} < 0.1)",
          "for": "30m",
          "labels": {
            "severity": "ticket",
            "concern": "errors"
          },
          "annotations": {
            "summary": "Quiet clinic {{ $labels.tenant }}: error ratio {{ $value | humanizePercentage }}",
            "description": "The error ratio of a clinic with few requests has long been over 5 %.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 5 %, measured over 1h or 6h, for 30m",
            "normal": "0 to 1 %",
            "runbook_url": "https://taskmed.example/docs/runbooks/QuietTenantErrorsHigh.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-tenants?var-job=taskmed&var-tenant={{ $labels.tenant }}"
          }
        },
        {
          "alert": "QuietTenantLatencyHigh",
          "expr": "(job_tenant:http_request_duration_seconds:mean1h{job=\"taskmed\", tenant!=\"__none__\"} > 0.1 and job_tenant:http_requests:rate1h{job=\"taskmed\", tenant!=\"__none__\"} * 3600 >= 20 and job_tenant:http_requests:rate1h{job=\"taskmed\", tenant!=\"__none__\"} < 0.1) or (job_tenant:http_request_duration_seconds:mean6h{job=\"taskmed\", tenant!=\"__none__\"} > 0.1 and job_tenant:http_requests:rate6h{job=\"taskmed\", tenant!=\"__none__\"} * 21600 >= 20 and job_tenant:http_requests:rate6h{job=\"taskmed\", tenant!=\"__none__\"} < 0.1)",
          "for": "30m",
          "labels": {
            "severity": "ticket",
            "concern": "latency"
          },
          "annotations": {
            "summary": "Quiet clinic {{ $labels.tenant }}: mean response time {{ $value | humanizeDuration }}",
            "description": "The mean response time of a clinic with few requests has long been over 100 ms.",
            "value": "{{ $value | humanizeDuration }}",
            "threshold": "over 100 ms, measured over 1h or 6h, for 30m",
            "normal": "5 to 50 ms",
            "runbook_url": "https://taskmed.example/docs/runbooks/QuietTenantLatencyHigh.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-tenants?var-job=taskmed&var-tenant={{ $labels.tenant }}"
          }
        }
      ]
    },
    {
      "name": "taskmed-burn-rates",
      "rules": [
        {
          "alert": "AvailabilityBudgetBurnFast",
          "expr": "round(job:http_request_errors:rate1h{job=\"taskmed\"} / (job:http_requests:rate1h{job=\"taskmed\"} > 0), 0.000001) > 0.0144 and round(job:http_request_errors:rate5m{job=\"taskmed\"} / (job:http_requests:rate5m{job=\"taskmed\"} > 0), 0.000001) > 0.0144 and sum_over_time(job:http_request_errors:rate5m{job=\"taskmed\"}[1h:1m]) * 60 >= 10",
          "for": "6m",
          "keep_firing_for": "7m30s",
          "labels": {
            "severity": "page",
            "concern": "errors",
            "window": "1h"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanizePercentage }} failed requests over 1h burn the availability budget",
            "description": "The error budget of availability (99.9 % of requests in 30 days) burns 14.4 times as fast as it may.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 1.44 % failed requests in 1h and in 5m (2 % of the budget), for 6m",
            "normal": "0 to 0.1 %",
            "worst": "{{ range $i, $it := query `topk(5, job_tenant:http_request_errors:ratio_rate5m{job=\"taskmed\", tenant!=\"__none__\"} > 0)` }}{{ if $i }}, {{ end }}{{ $it.Labels.tenant }} ({{ $it.Value | humanizePercentage }}){{ end }}",
            "runbook_url": "https://taskmed.example/docs/runbooks/AvailabilityBudgetBurnFast.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "AvailabilityBudgetBurnFast",
          "expr": "round(job:http_request_errors:rate6h{job=\"taskmed\"} / (job:http_requests:rate6h{job=\"taskmed\"} > 0), 0.000001) > 0.006 and round(job:http_request_errors:rate30m{job=\"taskmed\"} / (job:http_requests:rate30m{job=\"taskmed\"} > 0), 0.000001) > 0.006 and sum_over_time(job:http_request_errors:rate5m{job=\"taskmed\"}[6h:1m]) * 60 >= 10 unless round(job:http_request_errors:rate1h{job=\"taskmed\"} / (job:http_requests:rate1h{job=\"taskmed\"} > 0), 0.000001) > 0.0144",
          "for": "15m",
          "keep_firing_for": "7m30s",
          "labels": {
            "severity": "page",
            "concern": "errors",
            "window": "6h"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanizePercentage }} failed requests over 6h burn the availability budget",
            "description": "The error budget of availability (99.9 % of requests in 30 days) burns 6 times as fast as it may.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 0.6 % failed requests in 6h and in 30m (5 % of the budget), for 15m",
            "normal": "0 to 0.1 %",
            "worst": "{{ range $i, $it := query `topk(5, job_tenant:http_request_errors:ratio_rate5m{job=\"taskmed\", tenant!=\"__none__\"} > 0)` }}{{ if $i }}, {{ end }}{{ $it.Labels.tenant }} ({{ $it.Value | humanizePercentage }}){{ end }}",
            "runbook_url": "https://taskmed.example/docs/runbooks/AvailabilityBudgetBurnFast.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "AvailabilityBudgetBurnSlow",
          "expr": "round(job:http_request_errors:rate1d{job=\"taskmed\"} / (job:http_requests:rate1d{job=\"taskmed\"} > 0), 0.000001) > 0.003 and round(job:http_request_errors:rate2h{job=\"taskmed\"} / (job:http_requests:rate2h{job=\"taskmed\"} > 0), 0.000001) > 0.003 and sum_over_time(job:http_request_errors:rate5m{job=\"taskmed\"}[1d:1m]) * 60 >= 10 unless round(job:http_request_errors:rate6h{job=\"taskmed\"} / (job:http_requests:rate6h{job=\"taskmed\"} > 0), 0.000001) > 0.006",
          "for": "1h",
          "keep_firing_for": "5m",
          "labels": {
            "severity": "ticket",
            "concern": "errors",
            "window": "1d"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanizePercentage }} failed requests over 1d burn the availability budget",
            "description": "The error budget of availability (99.9 % of requests in 30 days) burns 3 times as fast as it may.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 0.3 % failed requests in 1d and in 2h (10 % of the budget), for 1h",
            "normal": "0 to 0.1 %",
            "worst": "{{ range $i, $it := query `topk(5, job_tenant:http_request_errors:ratio_rate5m{job=\"taskmed\", tenant!=\"__none__\"} > 0)` }}{{ if $i }}, {{ end }}{{ $it.Labels.tenant }} ({{ $it.Value | humanizePercentage }}){{ end }}",
            "runbook_url": "https://taskmed.example/docs/runbooks/AvailabilityBudgetBurnSlow.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "AvailabilityBudgetBurnSlow",
          "expr": "round(job:http_request_errors:rate3d{job=\"taskmed\"} / (job:http_requests:rate3d{job=\"taskmed\"} > 0), 0.000001) > 0.001 and round(job:http_request_errors:rate6h{job=\"taskmed\"} / (job:http_requests:rate6h{job=\"taskmed\"} > 0), 0.000001) > 0.001 and sum_over_time(job:http_request_errors:rate5m{job=\"taskmed\"}[3d:1m]) * 60 >= 10 unless round(job:http_request_errors:rate1d{job=\"taskmed\"} / (job:http_requests:rate1d{job=\"taskmed\"} > 0), 0.000001) > 0.003",
          "for": "3h",
          "keep_firing_for": "5m",
          "labels": {
            "severity": "ticket",
            "concern": "errors",
            "window": "3d"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanizePercentage }} failed requests over 3d burn the availability budget",
            "description": "The error budget of availability (99.9 % of requests in 30 days) burns 1 times as fast as it may.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 0.1 % failed requests in 3d and in 6h (10 % of the budget), for 3h",
            "normal": "0 to 0.1 %",
            "worst": "{{ range $i, $it := query `topk(5, job_tenant:http_request_errors:ratio_rate5m{job=\"taskmed\", tenant!=\"__none__\"} > 0)` }}{{ if $i }}, {{ end }}{{ $it.Labels.tenant }} ({{ $it.Value | humanizePercentage }}){{ end }}",
            "runbook_url": "https://taskmed.example/docs/runbooks/AvailabilityBudgetBurnSlow.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "LatencyBudgetBurnFast",
          "expr": "round(job:http_requests_slow:rate1h{job=\"taskmed\"} / (job:http_requests:rate1h{job=\"taskmed\"} > 0), 0.000001) > 0.144 and round(job:http_requests_slow:rate5m{job=\"taskmed\"} / (job:http_requests:rate5m{job=\"taskmed\"} > 0), 0.000001) > 0.144 and sum_over_time(job:http_requests_slow:rate5m{job=\"taskmed\"}[1h:1m]) * 60 >= 10",
          "for": "6m",
          "keep_firing_for": "7m30s",
          "labels": {
            "severity": "page",
            "concern": "latency",
            "window": "1h"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanizePercentage }} slow requests over 1h burn the latency budget",
            "description": "The error budget of latency (99 % of requests in 30 days) burns 14.4 times as fast as it may.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 14.4 % slow requests in 1h and in 5m (2 % of the budget), for 6m",
            "normal": "0 to 1 %",
            "runbook_url": "https://taskmed.example/docs/runbooks/LatencyBudgetBurnFast.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "LatencyBudgetBurnFast",
          "expr": "round(job:http_requests_slow:rate6h{job=\"taskmed\"} / (job:http_requests:rate6h{job=\"taskmed\"} > 0), 0.000001) > 0.06 and round(job:http_requests_slow:rate30m{job=\"taskmed\"} / (job:http_requests:rate30m{job=\"taskmed\"} > 0), 0.000001) > 0.06 and sum_over_time(job:http_requests_slow:rate5m{job=\"taskmed\"}[6h:1m]) * 60 >= 10 unless round(job:http_requests_slow:rate1h{job=\"taskmed\"} / (job:http_requests:rate1h{job=\"taskmed\"} > 0), 0.000001) > 0.144",
          "for": "15m",
          "keep_firing_for": "7m30s",
          "labels": {
            "severity": "page",
            "concern": "latency",
            "window": "6h"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanizePercentage }} slow requests over 6h burn the latency budget",
            "description": "The error budget of latency (99 % of requests in 30 days) burns 6 times as fast as it may.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 6 % slow requests in 6h and in 30m (5 % of the budget), for 15m",
            "normal": "0 to 1 %",
            "runbook_url": "https://taskmed.example/docs/runbooks/LatencyBudgetBurnFast.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "LatencyBudgetBurnSlow",
          "expr": "round(job:http_requests_slow:rate1d{job=\"taskmed\"} / (job:http_requests:rate1d{job=\"taskmed\"} > 0), 0.000001) > 0.03 and round(job:http_requests_slow:rate2h{job=\"taskmed\"} / (job:http_requests:rate2h{job=\"taskmed\"} > 0), 0.000001) > 0.03 and sum_over_time(job:http_requests_slow:rate5m{job=\"taskmed\"}[1d:1m]) * 60 >= 10 unless round(job:http_requests_slow:rate6h{job=\"taskmed\"} / (job:http_requests:rate6h{job=\"taskmed\"} > 0), 0.000001) > 0.06",
          "for": "1h",
          "keep_firing_for": "5m",
          "labels": {
            "severity": "ticket",
            "concern": "latency",
            "window": "1d"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanizePercentage }} slow requests over 1d burn the latency budget",
            "description": "The error budget of latency (99 % of requests in 30 days) burns 3 times as fast as it may.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 3 % slow requests in 1d and in 2h (10 % of the budget), for 1h",
            "normal": "0 to 1 %",
            "runbook_url": "https://taskmed.example/docs/runbooks/LatencyBudgetBurnSlow.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        },
        {
          "alert": "LatencyBudgetBurnSlow",
          "expr": "round(job:http_requests_slow:rate3d{job=\"taskmed\"} / (job:http_requests:rate3d{job=\"taskmed\"} > 0), 0.000001) > 0.01 and round(job:http_requests_slow:rate6h{job=\"taskmed\"} / (job:http_requests:rate6h{job=\"taskmed\"} > 0), 0.000001) > 0.01 and sum_over_time(job:http_requests_slow:rate5m{job=\"taskmed\"}[3d:1m]) * 60 >= 10 unless round(job:http_requests_slow:rate1d{job=\"taskmed\"} / (job:http_requests:rate1d{job=\"taskmed\"} > 0), 0.000001) > 0.03",
          "for": "3h",
          "keep_firing_for": "5m",
          "labels": {
            "severity": "ticket",
            "concern": "latency",
            "window": "3d"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanizePercentage }} slow requests over 3d burn the latency budget",
            "description": "The error budget of latency (99 % of requests in 30 days) burns 1 times as fast as it may.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 1 % slow requests in 3d and in 6h (10 % of the budget), for 3h",
            "normal": "0 to 1 %",
            "runbook_url": "https://taskmed.example/docs/runbooks/LatencyBudgetBurnSlow.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-service?var-job=taskmed"
          }
        }
      ]
    },
    {
      "name": "taskmed-cache-alerts",
      "rules": [
        {
          "alert": "CacheStoreDown",
          "expr": "sum by (job) (cache_breaker_state{job=\"taskmed\", state!=\"closed\"}) > 0",
          "for": "1m",
          "keep_firing_for": "25m",
          "labels": {
            "severity": "ticket",
            "concern": "cache"
          },
          "annotations": {
            "summary": "TaskMed: the cache store is cut off",
            "description": "The breaker before Redis is open: every read goes to the database.",
            "value": "{{ $value | humanize }}",
            "threshold": "breaker not closed, for 1m",
            "normal": "closed everywhere",
            "runbook_url": "https://taskmed.example/docs/runbooks/CacheStoreDown.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-cache?var-job=taskmed"
          }
        },
        {
          "alert": "CacheInconsistencyFound",
          "expr": "sum by (job, tenant, domain) (increase(cache_inconsistencies_total{job=\"taskmed\"}[15m]) or (cache_inconsistencies_total{job=\"taskmed\"} unless cache_inconsistencies_total{job=\"taskmed\"} offset 15m and on (job) up{job=\"taskmed\"} offset 15m)) > 0",
          "keep_firing_for": "15m",
          "labels": {
            "severity": "page",
            "concern": "consistency"
          },
          "annotations": {
            "summary": "Clinic {{ $labels.tenant }}: outdated {{ $labels.domain }} in the cache",
            "description": "A cached answer differed from the database: clinics may be shown outdated data.",
            "value": "{{ $value | printf \"%.0f\" }}",
            "threshold": "any inconsistency within 15m",
            "normal": "none, ever",
            "runbook_url": "https://taskmed.example/docs/runbooks/CacheInconsistencyFound.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-cache?var-job=taskmed&var-tenant={{ $labels.tenant }}"
          }
        },
        {
          "alert": "CacheOutboxLag",
          "expr": "max by (job) (cache_outbox_lag_seconds{job=\"taskmed\"}) > 30",
          "for": "5m",
          "keep_firing_for": "5m",
          "labels": {
            "severity": "ticket",
            "concern": "cache"
          },
          "annotations": {
            "summary": "TaskMed: the oldest invalidation has waited {{ $value | humanizeDuration }}",
            "description": "Invalidations wait in the outbox: the domains they name are read from the database.",
            "value": "{{ $value | humanizeDuration }}",
            "threshold": "over 30s, for 5m",
            "normal": "under 1 s",
            "runbook_url": "https://taskmed.example/docs/runbooks/CacheOutboxLag.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-cache?var-job=taskmed"
          }
        },
        {
          "alert": "CacheEpochAdopted",
          "expr": "sum by (job) (increase(cache_epoch_changes_total{job=\"taskmed\"}[15m])) > 0",
          "labels": {
            "severity": "info",
            "concern": "cache"
          },
          "annotations": {
            "summary": "TaskMed: the cache began a new epoch",
            "description": "The cache began a new epoch (Redis restarted, failed over, or was switched on): it is cold.",
            "value": "{{ $value | printf \"%.0f\" }}",
            "threshold": "any new epoch within 15m",
            "normal": "none between deployments",
            "runbook_url": "https://taskmed.example/docs/runbooks/CacheEpochAdopted.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-cache?var-job=taskmed"
          }
        }
      ]
    },
    {
      "name": "taskmed-database",
      "rules": [
        {
          "alert": "DatabasePoolExhausted",
          "expr": "sum by (job) (rate(db_client_connection_timeouts_total{job=\"taskmed\"}[1m])) > 0",
          "for": "1m",
          "keep_firing_for": "30m",
          "labels": {
            "severity": "page",
            "concern": "database"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanize }} waits for a database connection fail a second",
            "description": "Requests wait for a database connection until the wait runs out, and fail.",
            "value": "{{ $value | humanize }}",
            "threshold": "any wait that ran out within 1m, for 1m",
            "normal": "none",
            "runbook_url": "https://taskmed.example/docs/runbooks/DatabasePoolExhausted.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-database?var-job=taskmed"
          }
        },
        {
          "alert": "DatabasePoolSaturated",
          "expr": "sum by (job, instance) (db_client_connection_count{job=\"taskmed\", state=\"used\"}) / sum by (job, instance) (db_client_connection_max{job=\"taskmed\"}) > 0.9",
          "for": "10m",
          "keep_firing_for": "5m",
          "labels": {
            "severity": "ticket",
            "concern": "database"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanizePercentage }} of the pool of {{ $labels.instance }} in use",
            "description": "Nearly every connection of a replica's pool is in use.",
            "value": "{{ $value | humanizePercentage }}",
            "threshold": "over 90 %, for 10m",
            "normal": "under 60 %",
            "runbook_url": "https://taskmed.example/docs/runbooks/DatabasePoolSaturated.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-database?var-job=taskmed"
          }
        }
      ]
    },
    {
      "name": "taskmed-telemetry",
      "rules": [
        {
          "alert": "EventLoopLag",
          "expr": "histogram_quantile(0.99, sum by (le, job, instance) (rate(event_loop_lag_seconds_bucket{job=\"taskmed\"}[5m]))) > 0.1",
          "for": "10m",
          "keep_firing_for": "5m",
          "labels": {
            "severity": "ticket",
            "concern": "process"
          },
          "annotations": {
            "summary": "TaskMed: the event loop of {{ $labels.instance }} lags {{ $value | humanizeDuration }} (P99)",
            "description": "Something blocks the event loop of a replica: every request on it waits.",
            "value": "{{ $value | humanizeDuration }}",
            "threshold": "P99 over 100 ms over 5m, for 10m",
            "normal": "under 10 ms",
            "runbook_url": "https://taskmed.example/docs/runbooks/EventLoopLag.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-runtime?var-job=taskmed"
          }
        },
        {
          "alert": "WorkersRestarting",
          "expr": "round(sum by (job) (increase(monitor_worker_restarts_total{job=\"taskmed\"}[15m]))) > 2",
          "keep_firing_for": "5m",
          "labels": {
            "severity": "ticket",
            "concern": "process"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanize }} workers died within a quarter of an hour",
            "description": "Workers die and are started anew: what they were answering is lost each time.",
            "value": "{{ $value | humanize }}",
            "threshold": "more than 2 within 15m",
            "normal": "none",
            "runbook_url": "https://taskmed.example/docs/runbooks/WorkersRestarting.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-runtime?var-job=taskmed"
          }
        },
        {
          "alert": "ScrapeSlow",
          "expr": "scrape_duration_seconds{job=\"taskmed\"} > 2",
          "for": "10m",
          "labels": {
            "severity": "ticket",
            "concern": "telemetry"
          },
          "annotations": {
            "summary": "TaskMed: a scrape of {{ $labels.instance }} takes {{ $value | humanizeDuration }}",
            "description": "Prometheus waits long for the metrics of a replica and will soon miss scrapes.",
            "value": "{{ $value | humanizeDuration }}",
            "threshold": "over 2 s, for 10m",
            "normal": "under 200 ms",
            "runbook_url": "https://taskmed.example/docs/runbooks/ScrapeSlow.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-runtime?var-job=taskmed"
          }
        },
        {
          "alert": "ScrapeLarge",
          "expr": "monitor_scrape_size_bytes{job=\"taskmed\"} > 16000000",
          "for": "10m",
          "labels": {
            "severity": "ticket",
            "concern": "telemetry"
          },
          "annotations": {
            "summary": "TaskMed: a scrape of {{ $labels.instance }} is {{ $value | humanize1024 }}B",
            "description": "The exposition of a replica has grown past what it should cost.",
            "value": "{{ $value | humanize1024 }}",
            "threshold": "over 16 MB, for 10m",
            "normal": "under 4 MB with 1,000 clinics",
            "runbook_url": "https://taskmed.example/docs/runbooks/ScrapeLarge.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-runtime?var-job=taskmed"
          }
        },
        {
          "alert": "TenantBudgetOverflow",
          "expr": "sum by (job) (rate(monitor_tenant_overflow_total{job=\"taskmed\"}[5m])) > 0",
          "for": "15m",
          "labels": {
            "severity": "ticket",
            "concern": "telemetry"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanize }} observations a second in the overflow tenant",
            "description": "More clinics are active than may have series of their own: newcomers are counted together.",
            "value": "{{ $value | humanize }}",
            "threshold": "any, for 15m",
            "normal": "none",
            "runbook_url": "https://taskmed.example/docs/runbooks/TenantBudgetOverflow.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-runtime?var-job=taskmed"
          }
        },
        {
          "alert": "SpansDropped",
          "expr": "sum by (job) (rate(monitor_spans_dropped_total{job=\"taskmed\"}[5m])) > 0",
          "for": "15m",
          "labels": {
            "severity": "ticket",
            "concern": "telemetry"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanize }} spans lost a second",
            "description": "The service loses spans: what is needed to explain a failure may be missing.",
            "value": "{{ $value | humanize }}",
            "threshold": "any, for 15m",
            "normal": "none",
            "runbook_url": "https://taskmed.example/docs/runbooks/SpansDropped.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-runtime?var-job=taskmed"
          }
        },
        {
          "alert": "LogLinesDropped",
          "expr": "sum by (job) (rate(monitor_log_lines_dropped_total{job=\"taskmed\"}[5m])) > 0",
          "for": "15m",
          "labels": {
            "severity": "ticket",
            "concern": "telemetry"
          },
          "annotations": {
            "summary": "TaskMed: {{ $value | humanize }} log lines lost a second",
            "description": "The service loses log lines: what is needed to explain a failure may be missing.",
            "value": "{{ $value | humanize }}",
            "threshold": "any, for 15m",
            "normal": "none",
            "runbook_url": "https://taskmed.example/docs/runbooks/LogLinesDropped.md",
            "dashboard_url": "http://localhost:3000/d/taskmed-runtime?var-job=taskmed"
          }
        }
      ]
    }
  ] },
}
