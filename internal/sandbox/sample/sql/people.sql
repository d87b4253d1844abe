-- People, their ids and their companies: only those who did something.
INSERT INTO {{.Database}}.persons (id, created_at, properties, is_identified, last_seen_at, version)
SELECT person_id, first_seen,
    concat('{"country":"', country, '","$initial_referring_domain":"',
        multiIf(source IN ('search', 'ads'), 'www.google.example', source = 'social', 'l.instagram.example', source = 'referral', 'blog.filmfans.example',
            source = 'newsletter', 'mail.hogflix.example', '$direct'),
        '","$initial_browser":"', browser, '","$initial_device_type":"', device, '"',
        if(member, concat(',"email":"', email, '","name":"', first_name, ' ', last_name, '","plan":"', plan,
            '","signup_date":"', formatDateTime(first_seen, '%Y-%m-%dT%H:%i:%SZ', 'UTC'), '"'), ''),
        if(company != '', concat(',"company":"', company, '"'), ''), '}'),
    member, seen.last, 1 + merged
FROM {{.Staging}}.person AS person
INNER JOIN (SELECT n, max(moment) AS last FROM {{.Staging}}.step GROUP BY n) AS seen ON person.n = seen.n;
INSERT INTO {{.Database}}.person_distinct_ids (distinct_id, person_id)
SELECT DISTINCT distinct_id, person.person_id
FROM (
    SELECT n, arrayJoin(arrayConcat([anonymous_id], if(member, [user_id], []), if(merged, [second_id], []))) AS distinct_id, person_id
    FROM {{.Staging}}.person
) AS person
INNER JOIN (SELECT DISTINCT distinct_id FROM {{.Database}}.events) AS used USING distinct_id;
-- The second device's events were stored under a person of their own, before the login told whose they were.
INSERT INTO {{.Database}}.person_distinct_id_overrides (distinct_id, person_id, version)
SELECT second_id, person_id, 1
FROM {{.Staging}}.person
WHERE merged AND second_id IN (SELECT distinct_id FROM {{.Database}}.events);
INSERT INTO {{.Database}}.groups (index, key, created_at, updated_at, properties)
SELECT 0, company, min(first_seen), least(max(first_seen) + INTERVAL 1 DAY, {{.Now}}),
    concat('{"name":"', sample_any({{.CompanyNames}}, company, 'first'), ' ', sample_any(['Ltd', 'GmbH', 'Inc', 'SA'], company, 'form'),
        '","industry":"', sample_any(['media', 'retail', 'finance', 'education'], company, 'industry'),
        '","employees":', toString(10 + sample_hash(company, 'employees') % 990), ',"is_customer":', if(max(plan != 'free') = 1, 'true', 'false'),
        ',"contract_ends_at":"', formatDateTime(addDays({{.Now}}, 10 + sample_hash(company, 'contract') % 300), '%Y-%m-%dT%H:%i:%SZ', 'UTC'), '"}')
FROM {{.Staging}}.person
WHERE company IN (SELECT `$group_0` FROM {{.Database}}.events WHERE `$group_0` != '')
GROUP BY company;
INSERT INTO {{.Database}}.system_groups (id, group_key, group_type_index, group_properties, created_at)
SELECT row_number() OVER (ORDER BY key), key, index, properties, created_at FROM {{.Database}}.groups;
