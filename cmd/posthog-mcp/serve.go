package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"posthog-mcp/internal/config"
	"posthog-mcp/internal/server"
	"posthog-mcp/internal/tools"
)

// Transports of serve.
const (
	transportStdio = "stdio"
	transportHTTP  = "http"
)

// serve is the MCP server.
func (p *program) serve() *cobra.Command {
	var transport, addr string
	c := &cobra.Command{
		Use: "serve", Short: "Serve MCP over stdio (default) or HTTP", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch transport {
			case transportStdio:
				if c.Flags().Changed("addr") {
					return usagef("--addr goes with --transport http")
				}
				return p.serveStdio(c.Context())
			case transportHTTP:
				return p.serveHTTP(c.Context(), addr)
			}
			return usagef("--transport must be stdio or http, not %q", transport)
		},
	}
	c.Flags().StringVar(&transport, "transport", transportStdio, "stdio or http")
	c.Flags().StringVar(&addr, "addr", "", "where HTTP listens (default MCP_ADDR, else 127.0.0.1:8000)")
	return c
}

// serveStdio serves until end of input or a signal. Faults of the configuration also answer the client's
// first request, because clients do not show what stands on stderr.
func (p *program) serveStdio(ctx context.Context) error {
	p.serving = true
	c, log, err := p.load(config.Serve)
	if faults, ok := errors.AsType[*config.Faults](err); ok {
		if refusal := server.Refuse(ctx, p.stdin, p.stdout, faults.Error()); refusal != nil {
			return errors.Join(err, refusal)
		}
	}
	if err != nil {
		return err
	}
	service, client, err := p.service(c, log)
	if err != nil {
		return err
	}
	defer client.Close()
	return asLocal(server.Stdio(ctx, tools.NewMCP(service, p.toolOptions(c, log)), p.stdin, p.stdout, log))
}

// serveHTTP serves until a signal.
func (p *program) serveHTTP(ctx context.Context, addr string) error {
	p.serving = true
	c, log, err := p.load(config.Serve)
	if err != nil {
		return err
	}
	service, client, err := p.service(c, log)
	if err != nil {
		return err
	}
	defer client.Close()
	if addr == "" {
		addr = c.Addr
	}
	o := server.Options{Addr: addr, AllowedOrigins: c.AllowedOrigins, AllowedHosts: c.AllowedHosts}
	if c.Auth == config.AuthToken {
		for _, t := range c.AuthTokens {
			o.Tokens = append(o.Tokens, server.NewToken(t.Name, t.Value.Reveal()))
		}
	}
	return asLocal(server.HTTP(ctx, o, tools.NewMCP(service, p.toolOptions(c, log)), log))
}

func asLocal(err error) error {
	if err == nil {
		return nil
	}
	return localError{err}
}
