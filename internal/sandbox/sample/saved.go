package sample

import "context"

func (l loader) saved(context.Context, Project) error { return nil }
