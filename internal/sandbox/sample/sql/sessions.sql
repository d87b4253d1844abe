-- One row per visit. The first visit, the second, and those in which something is bought or ended are fixed;
-- the others follow the week's chance to come back, which decays with the weeks since the first visit.
CREATE TABLE {{.Staging}}.session ENGINE = Memory AS
SELECT
    person.*,
    toUInt64(n) * 1000 + place AS sid,
    visit.1 AS visit_kind,
    visit.2 AS start,
    sample_uuid7(start, sid, 'session') AS session_id,
    sample_uuid7(start, sid, 'window') AS window_id,
    visit_kind = 'device' AS second_device,
    if(second_device, 'Mobile', device) AS session_device,
    if(second_device, 'Safari', browser) AS session_browser,
    if(second_device, 'iOS', os) AS session_os,
    -- only the first visit comes from where the person was found; the next ones are mostly direct
    multiIf(
        visit_kind = 'first', source,
        sample_pick(['direct', 'search', 'newsletter', 'social'], [0.72, 0.86, 0.97, 1.0], sample_unit(sid, 'source'))) AS session_source
FROM (
    SELECT
        *,
        arrayFilter(v -> v.2 >= {{.Start}} AND v.2 <= {{.Now}} AND v.2 >= first_seen, arrayConcat(
            if(existing, [], [('first', first_seen)]),
            if(NOT existing AND member AND sample_unit(n, 'second visit') < {{.SecondVisitChance}},
                [('second', addMicroseconds(first_seen, toInt64((20 + 48 * sample_unit(n, 'second at')) * 3600000000)))], []),
            if(merged, [('device', addMicroseconds(first_seen, toInt64((4 + 60 * sample_unit(n, 'device at')) * 3600000000)))], []),
            if(subscribes, [('subscribe', subscribe_at)], []),
            if(upgrades, [('upgrade', change_at)], []),
            if(cancels, [('cancel', change_at)], []),
            arrayMap(k -> ('regular', sample_moment(first_week + intDiv(k, 6), toUInt64(n) * 100 + k)),
                arrayFilter(k -> sample_unit(toUInt64(n) * 100 + k, 'active') < pow(if(power, 0.85, 0.4), k % 6) * multiIf(
                    cancels AND addDays({{.Monday}}, 7 * (first_week + intDiv(k, 6))) > change_at, {{.ReturnAfterCancel}},
                    power, {{.ReturnOfPower}},
                    subscribed_before OR (subscribes AND addDays({{.Monday}}, 7 * (first_week + intDiv(k, 6))) > subscribe_at),
                        {{.ReturnOfSubscriber}},
                    existing, {{.ReturnOfExisting}},
                    member, {{.ReturnFloor}} + {{.ReturnOfMember}} * exp(-intDiv(k, 6) / {{.ReturnDecayWeeks}}),
                    {{.ReturnOfVisitor}} * exp(-intDiv(k, 6) / {{.ReturnDecayWeeks}})),
                range({{.Weeks}} * 6))))) AS visits
    FROM {{.Staging}}.person
) AS person
ARRAY JOIN visits AS visit, arrayEnumerate(visits) AS place;
