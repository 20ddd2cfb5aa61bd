# Writes rules_builtin.h, the text of phrases.rules as a C string:
#   cmake -DFILE=phrases.rules -DOUT=dir -P embed.cmake
file(READ "${FILE}" text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\"\n\t\"" text "${text}")
file(WRITE "${OUT}/rules_builtin.h.new" "/* Made from phrases.rules. */
static const char rules_builtin_text[] =
\t\"${text}\";
")
execute_process(COMMAND "${CMAKE_COMMAND}" -E copy_if_different
    "${OUT}/rules_builtin.h.new" "${OUT}/rules_builtin.h")
