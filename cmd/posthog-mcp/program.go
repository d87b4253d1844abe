package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"posthog-mcp/internal/config"
	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/tools"
)

// program is what the subcommands share: the streams and the environment they were started with.
type program struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
	serving        bool // a server ends with 0 on a signal
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "posthog-mcp",
		Short: "Explore and query PostHog, for AI agents (MCP) and at a shell; read-only",
		Long: `posthog-mcp lets AI agents, and you, explore and query a PostHog project. It only reads.

Without a command it serves MCP over stdio. The environment names the project and the key:
POSTHOG_API_KEY, POSTHOG_PROJECT_ID, POSTHOG_API_URL (us, eu or an origin); README.md lists the rest.`,
		Args:              cobra.NoArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	serve := p.serve()
	root.RunE = serve.RunE
	root.Flags().AddFlagSet(serve.Flags())
	root.AddCommand(serve, p.objects(), p.fields(), p.query(), p.ask(), p.hogql(), p.doctor(), p.version())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	for _, c := range append(root.Commands(), root) {
		args := c.Args
		c.Args = func(c *cobra.Command, given []string) error {
			if err := args(c, given); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	return root
}

func (p *program) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.stdout, "posthog-mcp "+version)
			return err
		},
	}
}

// load reads the configuration; its faults are the error.
func (p *program) load(mode config.Mode) (*config.Config, *slog.Logger, error) {
	c, err := config.Load(p.environ, mode)
	if c == nil {
		return nil, nil, err
	}
	options := &slog.HandlerOptions{Level: c.LogLevel}
	var handler slog.Handler = slog.NewJSONHandler(p.stderr, options)
	if c.LogFormat == "text" {
		handler = slog.NewTextHandler(p.stderr, options)
	}
	log := slog.New(handler)
	for _, w := range c.Warnings {
		log.Warn(w)
	}
	return c, log, err
}

// service connects the parts: configuration, driver, tools.
func (p *program) service(c *config.Config, log *slog.Logger) (*tools.Service, *driver.Client, error) {
	client, err := driver.New(driver.Options{
		BaseURL: c.APIURL, Key: c.APIKey.Reveal, ProjectID: c.ProjectID, AllowedProjects: c.AllowedProjects,
		Timeout: c.Timeout, MaxRetries: c.MaxRetries,
		PerMinute: c.PerMinute, PerHour: c.PerHour, MaxConcurrency: c.MaxConcurrency,
		BreakerFailures: c.BreakerFailures, BreakerTimeout: c.BreakerTimeout, BreakerSuccesses: c.BreakerSuccesses,
		RootCAs: c.RootCAs, UserAgent: "posthog-mcp/" + version, Logger: log,
	})
	if err != nil {
		return nil, nil, err
	}
	return tools.NewService(client, p.toolOptions(c, log)), client, nil
}

func (p *program) toolOptions(c *config.Config, log *slog.Logger) tools.Options {
	return tools.Options{Version: version, Timeout: c.Timeout, AlwaysLoad: c.AlwaysLoad, Logger: log}
}

// oneShot runs a command's work against PostHog, with a progress line on a terminal, and closes the driver
// so that nothing stays behind upstream.
func (p *program) oneShot(ctx context.Context, work func(context.Context, *tools.Service, *driver.Client) error) error {
	c, log, err := p.load(config.Command)
	if err != nil {
		return err
	}
	service, client, err := p.service(c, log)
	if err != nil {
		return err
	}
	defer client.Close()
	done := p.progress(ctx)
	defer done()
	return work(ctx, service, client)
}

// progress shows how long a call has been running, after its first second, on a terminal's stderr only.
func (p *program) progress(ctx context.Context) (done func()) {
	if !isTerminal(p.stderr) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for began, shown := time.Now(), false; ; shown = true {
			select {
			case <-tick.C:
				fmt.Fprintf(p.stderr, "\rwaiting for PostHog, %.0f s", time.Since(began).Seconds())
			case <-ctx.Done():
				if shown {
					fmt.Fprint(p.stderr, "\r\x1b[K")
				}
				return
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// isTerminal tells whether w is a character device, as terminals are.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
