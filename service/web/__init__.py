"""The pages, the REST interface and the health of the service over HTTP."""
