-- Traces to which documents came since their row was derived: `documents` of the row says from how many it was.
CREATE TABLE late_traces (
    trace INTEGER PRIMARY KEY
);
