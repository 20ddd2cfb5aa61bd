# Writes sql.h and sql.c from sql/*.sql and migrations/*.sql:
#   cmake -DSOURCE=dir -DOUT=dir -P embed.cmake
function(as_literal file out)
	file(READ "${file}" text)
	string(REPLACE "\\" "\\\\" text "${text}")
	string(REPLACE "\"" "\\\"" text "${text}")
	string(REPLACE "\n" "\\n\"\n\t\"" text "${text}")
	set(${out} "\t\"${text}\"" PARENT_SCOPE)
endfunction()

file(GLOB statements "${SOURCE}/sql/*.sql")
file(GLOB migrations "${SOURCE}/migrations/*.sql")
list(SORT statements)
list(SORT migrations)

set(enum "")
set(table "")
foreach(file ${statements})
	get_filename_component(name "${file}" NAME_WE)
	string(TOUPPER "${name}" upper)
	as_literal("${file}" literal)
	string(APPEND enum "\tSQL_${upper},\n")
	string(APPEND table
	    "\t[SQL_${upper}] = {\"${name}.sql\",\n${literal}},\n")
endforeach()
set(scripts "")
foreach(file ${migrations})
	as_literal("${file}" literal)
	string(APPEND scripts "${literal},\n")
endforeach()

file(WRITE "${OUT}/sql.h.new" "/* Made from db/sql and db/migrations. */
#ifndef POSTHORN_DB_SQL_H
#define POSTHORN_DB_SQL_H
#include <stddef.h>
enum sql_name {
${enum}\tSQL_COUNT
};
struct sql_statement {
	const char *file;
	const char *text;
};
extern const struct sql_statement sql_statements[SQL_COUNT];
extern const char *const sql_migrations[];
extern const size_t sql_migration_count;
#endif
")
file(WRITE "${OUT}/sql.c.new" "/* Made from db/sql and db/migrations. */
#include \"sql.h\"
const struct sql_statement sql_statements[SQL_COUNT] = {
${table}};
const char *const sql_migrations[] = {
${scripts}};
const size_t sql_migration_count =
    sizeof(sql_migrations) / sizeof(sql_migrations[0]);
")
foreach(name sql.h sql.c)
	execute_process(COMMAND "${CMAKE_COMMAND}" -E copy_if_different
	    "${OUT}/${name}.new" "${OUT}/${name}")
endforeach()
