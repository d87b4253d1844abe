# posthog-mcp as a static binary, non-root, serving streamable HTTP on port 8000.
#   docker build -t posthog-mcp .
#   docker run --rm -p 8000:8000 -e POSTHOG_API_KEY -e POSTHOG_PROJECT_ID \
#     -e MCP_AUTH=token -e MCP_AUTH_TOKENS=me:"$(openssl rand -hex 24)" posthog-mcp
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY internal internal
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /posthog-mcp ./cmd/posthog-mcp

# Nothing but the binary and the roots of trust; 65532 is nobody's user id.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /posthog-mcp /posthog-mcp
USER 65532:65532
EXPOSE 8000
ENTRYPOINT ["/posthog-mcp"]
CMD ["serve", "--transport", "http", "--addr", "0.0.0.0:8000"]
