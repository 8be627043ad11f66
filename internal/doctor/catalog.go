package doctor

// catalog is how an engine is asked about itself. An empty text is nothing to ask.
type catalog struct {
	quote    string // around a name
	mark     string // the first parameter
	index    string // counts the indexes that begin with the end of a session
	encoding string // of the whole database
	narrow   string // the columns of the table ?1 that hold less than Unicode, with the character set
	folding  string // of the table ?1 and the columns ?2 and ?3: those in which other letters are equal
	now      string
	journal  string
}

// catalogs are those of the engines.
var catalogs = map[string]catalog{
	"sqlite": {
		quote: `"`, mark: "?1",
		index: "SELECT COUNT(*) FROM pragma_index_list('django_session') i, pragma_index_info(i.name) c" +
			" WHERE c.seqno = 0 AND c.name = 'expire_date'",
		folding: "SELECT DISTINCT c.name, c.coll FROM pragma_index_list(?1) i, pragma_index_xinfo(i.name) c" +
			" WHERE c.name IN (?2, ?3) AND c.coll NOT IN ('BINARY', 'RTRIM')",
		journal: "PRAGMA journal_mode",
	},
	"postgres": {
		quote: `"`, mark: "$1",
		index: "SELECT COUNT(*) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a" +
			" ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]" +
			" WHERE i.indrelid = to_regclass('django_session') AND i.indisvalid" +
			" AND a.attname = 'expire_date'",
		encoding: "SELECT current_setting('server_encoding')",
		folding: "SELECT a.attname::text, COALESCE(NULLIF(t.typname, 'varchar'), c.collname)::text" +
			" FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid" +
			" LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation" +
			" WHERE a.attrelid = to_regclass(quote_ident($1::text)) AND a.attname IN ($2::text, $3::text)" +
			" AND (t.typname = 'citext' OR NOT c.collisdeterministic) ORDER BY a.attnum",
		now: "SELECT clock_timestamp()",
	},
	"mysql": {
		quote: "`", mark: "?",
		index: "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()" +
			" AND table_name = 'django_session' AND column_name = 'expire_date' AND seq_in_index = 1",
		narrow: "SELECT column_name, character_set_name FROM information_schema.columns" +
			" WHERE table_schema = DATABASE() AND table_name = ? AND character_set_name <> 'utf8mb4'" +
			" ORDER BY ordinal_position",
		folding: "SELECT column_name, collation_name FROM information_schema.columns" +
			" WHERE table_schema = DATABASE() AND table_name = ? AND column_name IN (?, ?)" +
			" AND collation_name NOT LIKE '%\\_bin'" +
			" AND collation_name NOT LIKE '%\\_as\\_cs' ORDER BY ordinal_position",
		now: "SELECT UTC_TIMESTAMP(6)",
	},
}
