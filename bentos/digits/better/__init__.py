"""The better version: all labelled scans, and a model that sees shapes."""
