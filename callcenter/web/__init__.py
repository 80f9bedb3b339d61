"""HTTP: webhooks, pages, live signal."""
