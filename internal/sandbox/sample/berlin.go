package sample

import "context"

func (l loader) berlin(ctx context.Context) (Project, error) {
	p := Project{ID: BerlinID, Name: "Berlin", Database: database(BerlinID), TimeZone: "Europe/Berlin", WeekStart: 1, CreatedAt: l.moments.start}
	return p, l.create(ctx, BerlinID)
}
