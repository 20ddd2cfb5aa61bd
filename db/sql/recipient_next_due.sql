-- When the worker must look again.
SELECT min(due_ms) FROM recipient WHERE zone = :zone AND due_ms > :due_ms
