-- Written once, when the directory is made.
INSERT INTO meta (key, value) VALUES (:key, :value)
