package driver

import "context"

// ListObjects finds what can be asked about: an overview, or the objects that match.
func (c *Client) ListObjects(ctx context.Context, r ListRequest) (*Objects, error) {
	return nil, &Error{Kind: Internal, Op: "list objects", Detail: "being written"}
}

// GetFields tells how to read objects.
func (c *Client) GetFields(ctx context.Context, r FieldsRequest) (*Fields, error) {
	return nil, &Error{Kind: Internal, Op: "get fields", Detail: "being written"}
}
