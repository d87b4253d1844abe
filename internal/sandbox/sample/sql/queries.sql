-- Queries of 30 days, more on working days and in working hours; few fail, few are slow.
INSERT INTO {{.Database}}.query_log (event_date, event_time, query_id, endpoint, query, query_start_time, query_duration_ms, name, created_by, read_rows,
    read_bytes, result_rows, result_bytes, memory_usage, status, exception_code, exception_name, is_personal_api_key_request, api_key_label, api_key_mask,
    cpu_microseconds, RealTimeMicroseconds, S3ListObjects, S3HeadObject, S3GetObjectAttributes, S3GetObject, ReadBufferFromS3Bytes)
WITH
    subtractSeconds({{.Now}}, 60 + sample_hash(number, 'query at') % (30 * 86400 - 60)) AS at,
    {{.LoggedQueries}}[1 + sample_hash(number, 'logged query') % {{.LoggedQueryCount}}] AS logged,
    sample_unit(number, 'query fate') AS fate,
    multiIf(fate < 0.03, (159, 'TIMEOUT_EXCEEDED', 'ExceptionWhileProcessing'), fate < 0.05, (47, 'UNKNOWN_IDENTIFIER', 'ExceptionBeforeStart'),
        (0, '', 'QueryFinish')) AS ended,
    multiIf(ended.1 = 159, 10000 + sample_hash(number, 'late') % 40, ended.1 = 47, 3, 20 + toUInt32(1800 * pow(sample_unit(number, 'long'), 5))) AS took,
    if(ended.1 = 47, 0, 1000 + sample_hash(number, 'read') % {{.Events}}) AS read,
    if(ended.1 = 0, 1 + sample_hash(number, 'returned') % 400, 0) AS returned,
    sample_unit(number, 'by key') < 0.7 AS by_key
SELECT toDate(at), at, sample_uuid(number, 'query'), '/api/projects/1/query/', logged.2, subtractMilliseconds(at, took), took, logged.1, 1, read, read * 310,
    returned, returned * 42, 4000000 + read * 90, ended.3, ended.1, ended.2, by_key, if(by_key, 'Sandbox: everything', ''), if(by_key, 'phx_...', ''),
    took * 900, took * 1600, 0, 0, 0, 0, 0
FROM numbers({{.QueryLogRows}});
