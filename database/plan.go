package database

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/database/internal/schema"
)

// Plan is what [DB.Migrate] does to a database, step by step.
type Plan []Step

// Step is a part of a Plan.
type Step struct {
	// Table is the name of the table that the step creates; it may be empty.
	Table string
	// Column is that which the step adds to a table that is there, as "auth_user.company";
	// it may be empty.
	Column string
	// Migrations are those that the step records in django_migrations, as "auth.0001_initial".
	Migrations []string
	// SQL are its statements, without parameters.
	SQL []string

	again bool // an interrupted run may have done a part of it
}

// Lines returns what the plan does, a line for each table, column and migration: "created
// table auth_user", "added column auth_user.company", "recorded auth.0001_initial".
func (p Plan) Lines() []string {
	var lines []string
	for _, step := range p {
		if step.Table != "" {
			lines = append(lines, "created table "+step.Table)
		}
		if step.Column != "" {
			lines = append(lines, "added column "+step.Column)
		}
		for _, name := range step.Migrations {
			lines = append(lines, "recorded "+name)
		}
	}
	return lines
}

// Migrations returns the names of the migrations that the plan records.
func (p Plan) Migrations() []string {
	var names []string
	for _, step := range p {
		names = append(names, step.Migrations...)
	}
	return names
}

// SQL returns the statements of the plan as a script, each ended by a semicolon. It begins
// no transaction.
func (p Plan) SQL() string {
	var script strings.Builder
	for _, step := range p {
		for _, line := range (Plan{step}).Lines() {
			script.WriteString("-- " + line + "\n")
		}
		for _, statement := range step.SQL {
			script.WriteString(statement + ";\n")
		}
		script.WriteString("\n")
	}
	return script.String()
}

// Plan returns what Migrate would do to the database as it is, without a change to it. It
// is empty if there is nothing to do. Where Migrate would refuse to do anything, Plan
// returns that error.
func (db *DB) Plan(ctx context.Context) (Plan, error) {
	plan, _, _, err := db.planned(ctx)
	return plan, err
}

// planned returns the plan, and what it was made from: the tables and the migrations that
// there are.
func (db *DB) planned(ctx context.Context) (plan Plan, present, recorded map[string]bool, err error) {
	if present, err = db.tables(ctx); err != nil {
		return nil, nil, nil, err
	}
	if present[schema.Ledger] {
		if recorded, err = db.recorded(ctx); err != nil {
			return nil, nil, nil, err
		}
	}
	plan, err = db.plan(present, recorded)
	if err == nil {
		plan, err = db.withColumns(ctx, db.reader, plan, present)
	}
	if err != nil || len(plan) == 0 {
		return nil, present, recorded, err
	}
	return plan, present, recorded, db.refuseSecond(ctx)
}

// LeftToDjango returns the migrations that django_migrations lacks and that Migrate does not
// apply, since a Django began with them: those of contenttypes, auth and sessions, and
// those of admin where its table exists.
func (db *DB) LeftToDjango(ctx context.Context) ([]string, error) {
	plan, present, recorded, err := db.planned(ctx)
	if err != nil {
		return nil, err
	}
	mine := plan.Migrations()
	var left []string
	for _, app := range schema.Apps {
		if app.Label == "admin" && !present[app.Tables[0]] {
			continue
		}
		for _, name := range app.Migrations {
			if name = app.Label + "." + name; !recorded[name] && !slices.Contains(mine, name) {
				left = append(left, name)
			}
		}
	}
	return left, nil
}

// plan decides what is to be done where these tables are there and these migrations
// are recorded.
func (db *DB) plan(present, recorded map[string]bool) (Plan, error) {
	p := &planner{db: db, present: maps.Clone(present), recorded: recorded, made: map[string]bool{}}
	tables, err := schema.Tables(db.dialect.Name)
	if err != nil {
		return nil, err
	}
	p.django(tables)
	for _, m := range db.annex.Migrations {
		p.beside(m, tables[0])
	}
	return p.steps, nil
}

// planner creates a plan.
type planner struct {
	db       *DB
	present  map[string]bool // what is there as of the steps so far
	recorded map[string]bool
	made     map[string]bool // the tables of an annex that the steps create
	steps    Plan
}

// django plans Django's tables. A database with none of them gets all; otherwise only
// what cannot be done without is added.
func (p *planner) django(tables []schema.Table) {
	beside := p.onlyBeside()
	fresh := !p.db.users.foreign && (!anyTable(p.present) || p.present[schema.Ledger] && len(p.recorded) == 0)
	if len(p.recorded) > 0 && !beside {
		fresh = false
	}
	apps := needed()
	if fresh {
		apps = schema.Apps
	}
	mine := appsToRecord(apps, p.present, p.recorded, fresh)
	wanted := map[string]bool{schema.Ledger: fresh}
	for _, app := range apps {
		for _, table := range app.Tables {
			wanted[table] = !p.db.swapped(table)
		}
	}
	for _, table := range tables {
		if wanted[table.Name] {
			p.create(table)
		}
	}
	last := Step{SQL: p.describe(mine)}
	if fresh || p.present[schema.Ledger] && !beside {
		p.record(&last, mine)
	}
	if len(last.SQL) > 0 {
		p.steps = append(p.steps, last)
	}
}

// onlyBeside reports whether all that is recorded is of the annex: no Django was here.
func (p *planner) onlyBeside() bool {
	for name := range p.recorded {
		if !p.isBeside(name) {
			return false
		}
	}
	return len(p.recorded) > 0
}

func (p *planner) isBeside(name string) bool {
	for _, m := range p.db.annex.Migrations {
		if strings.HasPrefix(name, m.App+".") {
			return true
		}
	}
	return false
}

// create plans a table of Django's that is absent.
func (p *planner) create(table schema.Table) {
	if !p.present[table.Name] {
		p.present[table.Name] = true
		p.steps = append(p.steps, Step{Table: table.Name, SQL: p.db.users.withFields(p.db.dialect, table)})
	}
}

// beside plans a migration of the annex. Of one that is recorded it plans the tables
// that are missing all the same, as after a backup that left them out.
func (p *planner) beside(m Migration, ledger schema.Table) {
	recorded, left, first := p.recorded[m.String()], map[string]bool{}, len(p.steps)
	for _, statement := range m.Statements {
		table, creates := about(statement)
		switch {
		case creates && p.present[table]:
			left[table] = !p.made[table]
			continue
		case creates:
			p.made[table], p.present[table] = true, true
			p.steps = append(p.steps, Step{Table: table})
		case !p.made[table] && (recorded || left[table] && !p.db.dialect.CommitsDDL):
			continue
		case len(p.steps) == first:
			p.steps = append(p.steps, Step{})
		}
		last := &p.steps[len(p.steps)-1]
		last.SQL, last.again = append(last.SQL, statement), true
	}
	if !recorded {
		p.create(ledger) // right before its first row: an empty one is that of a Django
		step := Step{}
		p.record(&step, []schema.App{{Label: m.App, Migrations: []string{m.Name}}})
		p.steps = append(p.steps, step)
	}
}

// describe returns the statements that insert content types and default permissions, as
// Django does after a migrate: admin first, as the app labels sort.
func (p *planner) describe(apps []schema.App) []string {
	if len(apps) == len(schema.Apps) {
		apps = []schema.App{apps[3], apps[1], apps[0], apps[2]}
	}
	conflict := onAnyConflict(p.db.dialect)
	var statements []string
	for _, app := range apps {
		for _, model := range app.Models {
			is := "app_label = '" + app.Label + "' AND model = '" + model.Name + "'"
			statements = append(statements, "INSERT INTO django_content_type (app_label, model) SELECT '"+app.Label+"', '"+model.Name+
				"' FROM (SELECT 1 AS n) one WHERE NOT EXISTS (SELECT 1 FROM django_content_type WHERE "+is+")"+conflict)
			for _, permission := range model.Permissions() {
				statements = append(statements, "INSERT INTO auth_permission (name, content_type_id, codename) SELECT '"+permission[1]+"', c.id, '"+
					permission[0]+"' FROM django_content_type c WHERE "+is+
					" AND NOT EXISTS (SELECT 1 FROM auth_permission p WHERE p.content_type_id = c.id AND p.codename = '"+permission[0]+"')"+conflict)
			}
		}
	}
	return statements
}

// record adds the rows of django_migrations to a step, in one statement: all of them have
// one time, by which those of Coatcheck are known.
func (p *planner) record(step *Step, apps []schema.App) {
	var rows []string
	for _, app := range apps {
		for _, name := range app.Migrations {
			step.Migrations = append(step.Migrations, app.Label+"."+name)
			rows = append(rows, "('"+app.Label+"', '"+name+"', "+p.now()+")")
		}
	}
	if len(rows) > 0 {
		step.SQL = append(step.SQL, "INSERT INTO "+schema.Ledger+" (app, name, applied) VALUES\n  "+strings.Join(rows, ",\n  "))
	}
}

// now spells the time in SQL. Where times have no zone and the site's is not UTC, it is
// the present one.
func (p *planner) now() string {
	d := p.db.dialect
	if !d.NativeTime && d.Location != time.UTC {
		return "'" + dialect.FormatNaive(time.Now().Truncate(time.Second).In(d.Location)) + "'"
	}
	return d.Now
}
