// Package sandbox is a look-alike of the part of PostHog's private HTTP API that reads: queries in HogQL,
// run on a real ClickHouse engine over sample data, and the lists that describe the data.
//
// It answers with PostHog's routes, bodies, codes and limits, so that a client which works here works
// there. What PostHog does on purpose but clients hate (a 429 without Retry-After, a 504 that must not be
// repeated, an HTML page where JSON was expected) is done here too; more of it can be asked for with
// faults.
package sandbox
