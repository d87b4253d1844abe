-- Every choice is a hash of (seed, key, salt): no state, no order, no threads.
CREATE OR REPLACE FUNCTION sample_hash AS (key, salt) ->
    cityHash64({{.Seed}}, key, salt);
-- A number in [0, 1).
CREATE OR REPLACE FUNCTION sample_unit AS (key, salt) ->
    (sample_hash(key, salt) % 9007199254740992) / 9007199254740992;
-- The option whose cumulative share is the first above u.
CREATE OR REPLACE FUNCTION sample_pick AS (options, cumulative, u) ->
    options[arrayFirstIndex(bound -> u < bound, cumulative)];
-- One of the options, all alike.
CREATE OR REPLACE FUNCTION sample_any AS (options, key, salt) ->
    options[1 + sample_hash(key, salt) % length(options)];
CREATE OR REPLACE FUNCTION sample_hex AS (key, salt) ->
    leftPad(lower(hex(sample_hash(key, salt))), 16, '0');
-- A version 4 UUID as text.
CREATE OR REPLACE FUNCTION sample_uuid AS (key, salt) ->
    concat(substring(sample_hex(key, salt), 1, 8), '-', substring(sample_hex(key, salt), 9, 4), '-4',
           substring(sample_hex(key, salt), 13, 3), '-8', substring(sample_hex(key, concat(salt, '+')), 1, 3), '-',
           substring(sample_hex(key, concat(salt, '+')), 4, 12));
-- A version 7 UUID as text: its first 48 bits are the milliseconds of the moment.
CREATE OR REPLACE FUNCTION sample_uuid7 AS (moment, key, salt) ->
    concat(substring(leftPad(lower(hex(toUnixTimestamp64Milli(moment))), 12, '0'), 1, 8), '-',
           substring(leftPad(lower(hex(toUnixTimestamp64Milli(moment))), 12, '0'), 9, 4), '-7',
           substring(sample_hex(key, salt), 1, 3), '-9', substring(sample_hex(key, salt), 4, 3), '-',
           substring(sample_hex(key, salt), 5, 12));
-- A moment in the given week (0: the week the window begins in), with the rhythm of weekdays and hours.
CREATE OR REPLACE FUNCTION sample_moment AS (week, key) ->
    addMicroseconds({{.Monday}}, toInt64((
        (week * 7 + arrayFirstIndex(bound -> sample_unit(key, 'weekday') < bound, {{.Weekdays}}) - 1) * 24
        + arrayFirstIndex(bound -> sample_unit(key, 'hour') < bound, {{.Hours}}) - 1
        + sample_unit(key, 'minute')) * 3600000000));
-- Movies: popular ones first.
CREATE OR REPLACE FUNCTION sample_movie AS (key) ->
    toString(toUInt8(1 + floor({{len .Movies}} * pow(sample_unit(key, 'movie'), 1.7))));
