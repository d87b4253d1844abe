// Package sample fills the sandbox's engine with the data of an invented film streaming product:
// three projects with events, people, sessions, groups and saved objects. The data is generated
// inside the engine by SQL (the files in sql/) and is the same for the same options, whatever the
// number of threads: each choice is a hash of the seed and of what is chosen.
package sample
