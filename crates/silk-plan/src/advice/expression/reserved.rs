//! Words that cannot stand for a name.

/// Words that at least one of the databases does not take as a bare name, sorted.
const RESERVED: &str = "add all alter analyse analyze and any array as asc asymmetric authorization autoincrement \
     before begin between bigint binary bit blob boolean both by call cascade case cast change \
     char character check coalesce collate collation column commit concurrently condition \
     conflict constraint continue convert create cross cube current current_catalog current_date \
     current_role current_schema current_time current_timestamp current_user cursor database \
     databases dec decimal declare default deferrable delayed delete desc describe distinct div \
     do double drop each else elseif empty enclosed end escape escaped except exists exit explain \
     extract false fetch float for force foreign freeze from full fulltext function generated get \
     glob grant greatest group grouping groups having high_priority if ignore ilike in index \
     indexed infile initially inner inout insert int integer intersect interval into is isnull \
     iterate join json_table key keys kill lateral leading least leave left like limit linear \
     lines load localtime localtimestamp lock long loop low_priority master match mediumint mod \
     national natural nchar no none normalize not nothing notnull null nullif numeric of off \
     offset old on only optimize option optionally or order out outer outfile over overlaps \
     overlay partition percent_rank placing position pragma precision primary procedure purge \
     raise range rank read reads real recursive references regexp release rename repeat replace \
     require resignal restrict return returning revoke right rlike rollback row row_number rows \
     savepoint schema schemas select sensitive separator session_user set setof show signal \
     similar smallint some spatial sql ssl starting stored straight_join substring symmetric \
     system system_user table tablesample temporary terminated then time timestamp tinyint to \
     trailing transaction treat trigger trim true undo union unique unlock unsigned update usage \
     use user using vacuum values varbinary varchar variadic varying verbose virtual when where \
     while window with without write xor zerofill";

/// Whether a name has to be quoted for being a word of the language.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED
        .split(' ')
        .any(|word| word.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_words() {
        assert!(RESERVED.split(' ').is_sorted());
        assert!(is_reserved("Order") && is_reserved("xor") && is_reserved("add"));
        assert!(!is_reserved("message") && !is_reserved("") && !is_reserved("orders"));
    }
}
