-- What filters compare numbers of most, so that a walk through time reads the index alone.
DROP INDEX traces_by_start;
CREATE INDEX traces_by_start ON traces (start, response_time, flags, status, duration, any_marks);

-- Traces that went on when others had begun, and when their segments ended.
CREATE INDEX traces_by_latest ON traces (latest, start, first_end, last_end);

-- What failed is asked for most and is rare: 14 is error, fault and throttle (marks.rs).
CREATE INDEX failed_traces_by_start ON traces (start, flags) WHERE flags & 14 <> 0;
CREATE INDEX failed_services ON services (name, marks, trace) WHERE marks & 14 <> 0;
CREATE INDEX failed_calls ON calls (caller, callee, marks, trace) WHERE marks & 14 <> 0;

-- How many traces began in each minute since the epoch: summaries say how many were looked at.
CREATE TABLE minutes (
    minute INTEGER PRIMARY KEY,
    traces INTEGER NOT NULL
);
INSERT INTO minutes (minute, traces)
    SELECT CASE WHEN start >= 0 THEN start / 60000000 ELSE (start - 59999999) / 60000000 END, count(*) FROM traces GROUP BY 1;
