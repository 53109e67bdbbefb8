"""Rules, queries and the configuration of Prometheus and Grafana."""
