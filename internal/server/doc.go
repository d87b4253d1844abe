// Package server carries an MCP server over stdio and over streamable HTTP. What mcp-go leaves to its
// user is here: who may call (bearer token, Origin, Host), how much may be sent, how long connections
// live, and how everything ends.
package server
