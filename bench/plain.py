"""The one INSERT beside which filing is shown for scale, and the table it goes to."""

TABLE = "CREATE TABLE IF NOT EXISTS bench_plain (id bigserial PRIMARY KEY, reference text NOT NULL, answers jsonb)"
INSERT = "INSERT INTO bench_plain (reference, answers) VALUES (%s, %s)"
