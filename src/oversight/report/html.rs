//! The page. It is written as well-formed XML, so that a strict parser can check it. Every text goes
//! through [`Escaped`].

mod inventory;

use core::cmp::Reverse;
use core::fmt::{self, Write as _};

use crate::vocabulary::{CivilDate, Timestamp};

use super::chart::{Bar, Columns, thousandths};
use super::figure::{Figure, Outcomes, thousands};
use super::{Decided, DecidedByRule, EvidenceReport, Period, RuleNow};

/// Nothing is loaded and nothing runs, also not where a text slipped through.
const HEAD: &str = r#"<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/><meta name="referrer" content="no-referrer"/><meta name="robots" content="noindex"/>"#;
const STYLE: &str = include_str!("page.css");

/// Sections by id and heading.
const SECTIONS: [(&str, &str); 13] = [
    ("time", "Decisions over time"),
    ("classes", "What was asked for"),
    ("inventory", "Data inventory"),
    ("refusals", "Refusals and what became of them"),
    ("rules", "Decisions by rule"),
    ("agents", "Agents and training"),
    ("overrides", "Overrides, alarms and approvals"),
    ("ssn", "SSN verifications"),
    ("notices", "Consent and notices"),
    ("policy", "Policy in the period"),
    ("carrier", "From the carrier\u{2019}s own records"),
    ("retention", "Retention"),
    ("events", "All events by kind"),
];

/// A report as a page.
pub(super) struct Page<'r>(pub(super) &'r EvidenceReport);

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        writeln!(f, "<!DOCTYPE html>\n<html lang=\"en\"><head>{HEAD}")?;
        writeln!(
            f,
            "<title>Evidence report: {}, {}</title>\n<style>{STYLE}</style></head><body>",
            Escaped(&report.tenant),
            Escaped(&span(&report.period))
        )?;
        self.opening(f)?;
        f.write_str("<main>\n")?;
        for (id, heading) in SECTIONS {
            writeln!(f, r#"<section aria-labelledby="{id}"><h2 id="{id}">{}</h2>"#, Escaped(heading))?;
            match id {
                "time" => self.over_time(f),
                "classes" => self.classes(f),
                "inventory" => self.inventory(f),
                "refusals" => self.refusals(f),
                "rules" => self.rules(f),
                "agents" => self.agents(f),
                "overrides" => self.overrides(f),
                "ssn" => self.ssn(f),
                "notices" => self.notices(f),
                "policy" => self.policy(f),
                "carrier" => self.carrier(f),
                "retention" => self.retention(f),
                _ => self.events(f),
            }?;
            f.write_str("</section>\n")?;
        }
        writeln!(
            f,
            "</main>\n<footer><p>{}</p><p>cpni-guard {}, made at {}. The same numbers are in the report\u{2019}s JSON.</p></footer></body></html>",
            Escaped(report.about),
            Escaped(report.library),
            Escaped(&report.made_at)
        )
    }
}

impl Page<'_> {
    fn opening(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        writeln!(
            f,
            "<header><h1>Evidence report</h1>\n<p class=\"lead\">Tenant {}, {}</p>",
            Escaped(&report.tenant),
            Escaped(&span(&report.period))
        )?;
        if report.complete {
            f.write_str("<div class=\"standing\"><strong>Complete.</strong> The log verified from its first event to its last, and reaches over the whole period. Counts are exact.</div>\n")?;
        } else {
            f.write_str("<div class=\"standing bad\"><strong>Incomplete.</strong> Counts are lower bounds; where nothing was found, the number is not known.<ul>")?;
            report.shortfalls.iter().try_for_each(|fall| write!(f, "<li>{}</li>", Escaped(&fall.what)))?;
            f.write_str("</ul></div>\n")?;
        }
        writeln!(f, "<p>{}</p>", Escaped(report.about))?;
        let total = &report.decisions.total;
        let alarms = report.alerts.alarms.iter().map(|row| row.count.count()).fold(0, u64::saturating_add);
        let alarms = Figure::new(alarms, report.complete);
        let key = [
            ("decisions", total.all()),
            ("of them withheld", total.withheld),
            ("interactions with a refused view", report.redirects.refused),
            ("of them sent to the address of record", report.redirects.sent),
            ("refusals for lack of training", report.training_gaps.refusals),
            ("accounts with something given out", report.accounts.given_out),
            ("agents", report.agents.agents),
            ("alarms of the watch", alarms),
        ];
        f.write_str("<dl class=\"key\">")?;
        for (what, figure) in key {
            write!(f, "<div><dt>{what}</dt><dd>{figure}</dd></div>")?;
        }
        f.write_str("</dl>\n<dl class=\"facts\">")?;
        let log = &report.log;
        let root = log.root.as_deref().unwrap_or("none: the log did not verify");
        let anchored = match log.anchored {
            Some(covered) => {
                format!("compared with a checkpoint from outside, of {} events", thousands(covered))
            }
            None => "not compared with a checkpoint from outside".into(),
        };
        let clock_back =
            log.clock_back_secs.map_or("not known".into(), |secs| format!("{} s", thousands(secs)));
        let facts = [
            ("Audit log", log.id.as_str(), true),
            ("Begins", log.begins.as_deref().unwrap_or("not known"), false),
            ("Tree root", root, true),
            ("Anchored", &anchored, false),
            ("Last checkpoint", log.checkpoint.as_deref().unwrap_or("none"), true),
            ("Largest step back of the clock", &clock_back, false),
            ("Made at", &report.made_at, false),
            ("Library", report.library, false),
        ];
        write!(f, "<dt>Events verified (tree size)</dt><dd>{}</dd>", thousands(log.events))?;
        for (what, text, is_id) in facts {
            let class = if is_id { " class=\"id\"" } else { "" };
            write!(f, "<dt>{what}</dt><dd{class}>{}</dd>", Escaped(text))?;
        }
        f.write_str("</dl>\n<nav aria-label=\"Sections\"><ol>")?;
        for (id, heading) in SECTIONS {
            write!(f, "<li><a href=\"#{id}\">{}</a></li>", Escaped(heading))?;
        }
        f.write_str("</ol></nav></header>\n")
    }

    fn over_time(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decisions = &self.0.decisions;
        note(
            f,
            "A decision is one field that somebody asked to see, verify or send, or one action. Times are UTC.",
        )?;
        let counts = |row: &Decided| [row.outcomes.given().count(), row.outcomes.withheld.count()];
        let total = &decisions.total;
        let chart = Columns {
            id: "chart-time",
            title: "Decisions over time",
            description: format!(
                "Columns by {}: {} given out and {} withheld in all. The table below has every number.",
                decisions.step,
                total.given(),
                total.withheld
            ),
            parts: ["full", "withheld"],
            columns: decisions.over_time.iter().map(|row| (short(&row.of), counts(row))).collect(),
        };
        writeln!(
            f,
            "<figure>{}{chart}</figure>",
            Legend(&[("full", "given out"), ("withheld", "withheld")])
        )?;
        let not_carried_out = decisions.not_carried_out;
        let rows = decisions.over_time.iter().map(|row| {
            let Outcomes { withheld, .. } = row.outcomes;
            vec![
                Cell::Time(row.of.clone()),
                Cell::Number(row.outcomes.all().to_string()),
                Cell::Number(row.outcomes.given().to_string()),
                Cell::Number(withheld.to_string()),
                Cell::Number(share(withheld, row.outcomes.all())),
            ]
        });
        let heads = [
            (Col::Text, decisions.step),
            (Col::Number, "decisions"),
            (Col::Number, "given out"),
            (Col::Number, "withheld"),
            (Col::Number, "share"),
        ];
        table(f, &format!("Decisions by {}", decisions.step), &heads, rows.collect())?;
        note(
            f,
            &format!("Decided, and then not carried out, so that nothing was given out: {not_carried_out}."),
        )
    }

    fn classes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decisions = &self.0.decisions;
        decided(f, "By class of data", "class", &decisions.by_class)?;
        decided(f, "By what was asked", "request", &decisions.by_op)?;
        let accounts = &self.0.accounts;
        note(
            f,
            &format!(
                "Different accounts with any event: {}; with something given out: {}. Accounts are counted by keyed pseudonyms; this report holds none.",
                accounts.with_events, accounts.given_out
            ),
        )
    }

    fn refusals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let of = report.refusals.total;
        let longest = report.refusals.because.iter().map(|row| row.count.count()).max().unwrap_or_default();
        let rows = report.refusals.because.iter().map(|row| {
            vec![
                Cell::Head(words(row.of), Some(why(row.of).into())),
                Cell::Number(row.count.to_string()),
                Cell::Number(share(row.count, of)),
                Cell::Bar(vec![("withheld", row.count.count())], longest),
            ]
        });
        let heads =
            [(Col::Text, "because"), (Col::Number, "refusals"), (Col::Number, "share"), (Col::Only, "")];
        table(f, "Refusals by reason", &heads, rows.collect())?;
        let redirects = &report.redirects;
        let longest = redirects.refused.count();
        let row = |what: &str, small: &str, class, figure: Figure| {
            vec![
                Cell::Head(what.into(), Some(small.into())),
                Cell::Number(figure.to_string()),
                Cell::Number(share(figure, redirects.refused)),
                Cell::Bar(vec![(class, figure.count())], longest),
            ]
        };
        let rows = vec![
            row(
                "With a refused view",
                "something that was to be seen was withheld",
                "withheld",
                redirects.refused,
            ),
            row("then sent", "to the address of record, in the same interaction", "full", redirects.sent),
            row("then called back", "at the telephone number of record", "part", redirects.called_back),
        ];
        let heads =
            [(Col::Text, "interactions"), (Col::Number, "number"), (Col::Number, "share"), (Col::Only, "")];
        table(f, "Redirects (47 CFR 64.2010(b))", &heads, rows)
    }

    fn rules(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        note(
            f,
            "A decision counts for every rule that decided it, so the rows add up to more than the total. Titles and citations are today\u{2019}s.",
        )?;
        let all = &self.0.decisions.by_rule;
        by_rule(f, "Rules that withheld", "withheld", all, |row| row.outcomes.withheld)?;
        by_rule(f, "Rules behind what was given out", "full", all, |row| row.outcomes.given())
    }

    fn agents(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let agents = &self.0.agents;
        note(
            f,
            "People, bots and systems who ask for the carrier. Customers and third parties are not among them.",
        )?;
        write!(f, "{}", Legend(&PARTS))?;
        let not_known = || String::from("not known");
        let employers = agents.by_employer.iter();
        let employers =
            employers.map(|row| (row.employer.clone().unwrap_or_else(not_known), row.agents, &row.outcomes));
        groups(f, "By employer", "employer", &employers.collect::<Vec<_>>())?;
        if !agents.by_site.is_empty() {
            let sites = agents.by_site.iter().map(|row| (row.site.clone(), row.agents, &row.outcomes));
            groups(f, "By site", "site", &sites.collect::<Vec<_>>())?;
        }
        let longest =
            agents.most_refused.iter().map(|row| row.outcomes.all().count()).max().unwrap_or_default();
        let rows = agents.most_refused.iter().map(|row| {
            let employer = row.employer.as_deref().unwrap_or("employer not known");
            let mut cells =
                vec![Cell::Id(row.agent.clone(), Some(format!("{}, {employer}", words(row.role))))];
            cells.extend(outcome_cells(&row.outcomes, longest));
            cells
        });
        let heads = [
            (Col::Text, "agent"),
            (Col::Number, "decisions"),
            (Col::Number, "withheld"),
            (Col::Number, "share"),
            (Col::Bar, ""),
        ];
        table(f, "Agents with most refusals", &heads, rows.collect())?;
        note(
            f,
            "A refusal is no misdeed: it is what the library is for. Many of one agent\u{2019}s are a reason to ask.",
        )?;
        let gaps = &self.0.training_gaps;
        let text = format!(
            "Refusals because training was not current (the rule {}, 47 CFR 64.2009(b)): {}, of {} different agents.",
            gaps.rule, gaps.refusals, gaps.agents
        );
        writeln!(f, "<h3>Training</h3><p>{}</p>", Escaped(&text))
    }

    fn overrides(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let rows = report.overrides.recorded.iter().map(|row| {
            vec![
                Cell::Id(row.rule.clone(), None),
                Cell::Number(row.starts.to_string()),
                Cell::Time(moment(&row.first)),
                Cell::Time(moment(&row.last)),
            ]
        });
        let heads = [(Col::Text, "rule"), (Col::Number, "starts"), (Col::Text, "first"), (Col::Text, "last")];
        table(f, "Starts with a rule switched off, in the period", &heads, rows.collect())?;
        let rows = report.overrides.today.iter().map(|row| {
            let by = if row.by_code { "code" } else { "a policy file" };
            let state = if row.in_force { "switched off" } else { "ran out" };
            vec![
                Cell::Id(row.rule.clone(), Some(format!("{}, {state} by {by}", row.certainty))),
                Cell::Text(row.reason.clone()),
                Cell::Text(row.approver.clone()),
                Cell::Time(row.until.clone()),
            ]
        });
        let heads =
            [(Col::Text, "rule"), (Col::Text, "reason"), (Col::Text, "approved by"), (Col::Text, "until")];
        table(f, "Overrides when this report was made", &heads, rows.collect())?;
        let alerts = &report.alerts;
        let rows = alerts.alarms.iter().map(|row| {
            vec![
                Cell::Id(row.rule.clone(), row.title.clone()),
                Cell::Number(row.count.to_string()),
                Cell::Time(moment(&row.first)),
                Cell::Time(moment(&row.last)),
            ]
        });
        let heads = [
            (Col::Text, "rule of the watch"),
            (Col::Number, "alarms"),
            (Col::Text, "first"),
            (Col::Text, "last"),
        ];
        table(f, "Alarms of the watch (47 CFR 64.2010(a))", &heads, rows.collect())?;
        let rows = [
            ("Decisions with the duty to tell the carrier\u{2019}s security people", alerts.decisions),
            ("Decisions held for a human", alerts.held),
            ("Refused by the watch before they were decided", alerts.refused_by_watch),
            ("Times that a second person lifted what the watch held against an agent", alerts.lifted),
        ];
        let rows =
            rows.map(|(what, figure)| vec![Cell::Head(what.into(), None), Cell::Number(figure.to_string())]);
        table(f, "Alerts", &[(Col::Text, "what"), (Col::Number, "number")], rows.into())?;
        let approvals = &report.approvals;
        let rows = approvals.by_subject.iter().map(|row| {
            vec![
                Cell::Head(words(row.of), None),
                Cell::Number(row.given.to_string()),
                Cell::Number(row.refused.to_string()),
            ]
        });
        let heads = [(Col::Text, "of"), (Col::Number, "given"), (Col::Number, "not entitled")];
        table(f, "Approvals by a second person (47 CFR 64.2009(d))", &heads, rows.collect())?;
        note(f, &format!("Different people who approved: {}.", approvals.approvers))
    }

    fn ssn(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ssn = &self.0.ssn_verifications;
        note(
            f,
            "An SSN, or its last four digits, compared with what the customer stated: match or no match, and nothing else.",
        )?;
        let longest = ssn.compared.count().max(ssn.withheld.count());
        let row = |what: &str, class, figure: Figure| {
            vec![
                Cell::Head(what.into(), None),
                Cell::Number(figure.to_string()),
                Cell::Bar(vec![(class, figure.count())], longest),
            ]
        };
        let rows = vec![row("Compared", "match", ssn.compared), row("Withheld", "withheld", ssn.withheld)];
        table(f, "SSN verifications", &[(Col::Text, ""), (Col::Number, "number"), (Col::Only, "")], rows)?;
        note(f, &format!("Different agents who asked for one: {}.", ssn.agents))
    }

    fn notices(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let notices = &report.notices;
        let outstanding = notices.outstanding.map_or("not known".into(), thousands);
        let rows = [
            ("Queued by this library", notices.queued.to_string()),
            ("Taken by the carrier\u{2019}s own notifier", notices.taken_by_notifier.to_string()),
            ("Handed over, says the carrier\u{2019}s worker", notices.handed_over.to_string()),
            ("Attempts that failed", notices.attempts_failed.to_string()),
            ("Given up", notices.given_up.to_string()),
            ("Outstanding at the end of the period", outstanding),
        ];
        let rows = rows.map(|(what, number)| vec![Cell::Head(what.into(), None), Cell::Number(number)]);
        let caption = "Notices of account changes (47 CFR 64.2010(f))";
        table(f, caption, &[(Col::Text, "notices"), (Col::Number, "number")], rows.into())?;
        note(
            f,
            &format!(
                "Notices, approvals and objections added to customers\u{2019} histories (47 CFR 64.2007, 64.2008): {}.",
                report.consent_records
            ),
        )?;
        let rows = report
            .duties
            .iter()
            .map(|row| vec![Cell::Head(words(row.of), None), Cell::Number(row.count.to_string())]);
        table(
            f,
            "Duties that came with decisions",
            &[(Col::Text, "duty"), (Col::Number, "decisions")],
            rows.collect(),
        )
    }

    fn policy(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let rows = report.policies.iter().map(|row| {
            vec![
                Cell::Time(moment(&row.first)),
                Cell::Time(moment(&row.last)),
                Cell::Number(row.events.to_string()),
                Cell::Id(row.hash.clone(), None),
            ]
        });
        let heads = [
            (Col::Text, "first event"),
            (Col::Text, "last event"),
            (Col::Number, "events"),
            (Col::Text, "SHA-256 of the packs in force"),
        ];
        table(f, "Policies that decided", &heads, rows.collect())?;
        let rows = report.packs.iter().map(|row| {
            vec![
                Cell::Id(row.id.clone(), Some(row.title.clone())),
                Cell::Text(words(row.compliance)),
                Cell::Text(if row.in_force { "in force" } else { "off" }.into()),
            ]
        });
        let heads = [(Col::Text, "pack"), (Col::Text, "compliance"), (Col::Text, "decides")];
        table(f, "Packs when this report was made", &heads, rows.collect())?;
        let rows = report.gaps.iter().map(|gap| vec![Cell::Text(words(gap))]);
        table(f, "What this deployment lacks", &[(Col::Text, "gap, and what follows")], rows.collect())
    }

    fn carrier(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        note(
            f,
            "The log cannot know these. What was not given is left for the officer to fill in; it is not taken for zero.",
        )?;
        let carrier = &self.0.carrier;
        let rows = [
            ("Breaches on record", "47 CFR 64.2011", carrier.breaches),
            (
                "Complaints: improper access by employees",
                "47 CFR 64.2009(e)",
                carrier.complaints_of_access_by_employees,
            ),
            (
                "Complaints: disclosure to individuals not entitled",
                "47 CFR 64.2009(e)",
                carrier.complaints_of_disclosure,
            ),
            ("Complaints: improper access online", "47 CFR 64.2009(e)", carrier.complaints_of_online_access),
            ("Actions against data brokers", "47 CFR 64.2009(e)", carrier.actions_against_data_brokers),
        ];
        let rows = rows.map(|(what, cite, number)| {
            vec![
                Cell::Head(what.into(), Some(cite.into())),
                number.map_or(Cell::Blank, |number| Cell::Number(thousands(number))),
            ]
        });
        table(f, "Numbers of the period", &[(Col::Text, "record"), (Col::Number, "number")], rows.into())
    }

    fn retention(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        note(
            f,
            "This library deletes no audit event. One that somebody else deleted is a break of the log, and the report then says incomplete.",
        )?;
        let rows = self.0.retention.iter().map(|row| {
            let years = match row.at_least_years {
                Some(1) => "1 year".into(),
                Some(years) => format!("{years} years"),
                None => "no time named".into(),
            };
            vec![
                Cell::Head(
                    row.record.into(),
                    Some(format!("{}, {}, read from {}", row.cite, row.compliance, row.source)),
                ),
                Cell::Time(years),
                match &row.oldest {
                    Some(oldest) => Cell::Time(moment(oldest)),
                    None if row.in_log => Cell::Text("none".into()),
                    None => Cell::Text("in the carrier\u{2019}s own records".into()),
                },
            ]
        });
        let heads = [(Col::Text, "record"), (Col::Text, "keep at least"), (Col::Text, "oldest in this log")];
        table(f, "What must be kept", &heads, rows.collect())
    }

    fn events(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = &self.0.events;
        let longest = events.iter().map(|row| row.count.count()).max().unwrap_or_default();
        let rows = events.iter().map(|row| {
            vec![
                Cell::Head(words(row.kind), None),
                Cell::Number(row.count.to_string()),
                Cell::Time(moment(&row.first)),
                Cell::Time(moment(&row.last)),
                Cell::Bar(vec![("full", row.count.count())], longest),
            ]
        });
        let heads = [
            (Col::Text, "kind"),
            (Col::Number, "events"),
            (Col::Text, "first"),
            (Col::Text, "last"),
            (Col::Bar, ""),
        ];
        table(f, "Events of the period", &heads, rows.collect())
    }
}

/// A text as XML and HTML have it. What neither may hold becomes U+FFFD.
pub(super) struct Escaped<'t>(pub(super) &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            '\t' | '\n' => f.write_char(character),
            '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}'),
            _ if character.is_control() => f.write_char('\u{fffd}'),
            _ => f.write_char(character),
        })
    }
}

/// What a column holds.
#[derive(Clone, Copy)]
enum Col {
    Text,
    Number,
    /// Bars that a narrow screen leaves out: the numbers stand beside them.
    Bar,
    /// Bars that stay.
    Only,
}

enum Cell {
    /// The row's name, and a smaller line below it.
    Head(String, Option<String>),
    /// The row's name where it is an id.
    Id(String, Option<String>),
    Text(String),
    /// Is not broken into lines; names the row where it stands first.
    Time(String),
    Number(String),
    /// Parts by style class, and the longest row.
    Bar(Vec<(&'static str, u64)>, u64),
    /// To be filled in by hand.
    Blank,
}

/// Groups of agents: what each is called, how many agents it has, how their decisions came out.
fn groups(
    f: &mut fmt::Formatter<'_>,
    caption: &str,
    head: &str,
    groups: &[(String, Figure, &Outcomes<Figure>)],
) -> fmt::Result {
    let longest = groups.iter().map(|(_, _, outcomes)| outcomes.all().count()).max().unwrap_or_default();
    let rows = groups.iter().map(|(name, agents, outcomes)| {
        let mut cells = vec![Cell::Id(name.clone(), None), Cell::Number(agents.to_string())];
        cells.extend(outcome_cells(outcomes, longest));
        cells
    });
    let heads = [
        (Col::Text, head),
        (Col::Number, "agents"),
        (Col::Number, "decisions"),
        (Col::Number, "withheld"),
        (Col::Number, "share"),
        (Col::Bar, ""),
    ];
    table(f, caption, &heads, rows.collect())
}

fn table(
    f: &mut fmt::Formatter<'_>,
    caption: &str,
    heads: &[(Col, &str)],
    rows: Vec<Vec<Cell>>,
) -> fmt::Result {
    if rows.is_empty() {
        return writeln!(f, "<h3>{}</h3><p class=\"note\">None found.</p>", Escaped(caption));
    }
    write!(f, "<div class=\"scroll\"><table><caption>{}</caption><thead><tr>", Escaped(caption))?;
    for (col, text) in heads {
        match col {
            Col::Text => write!(f, "<th scope=\"col\">{}</th>", Escaped(text))?,
            Col::Number => write!(f, "<th scope=\"col\" class=\"n\">{}</th>", Escaped(text))?,
            Col::Bar => f.write_str("<td class=\"bars\"></td>")?,
            Col::Only => f.write_str("<td class=\"bars only\"></td>")?,
        }
    }
    f.write_str("</tr></thead><tbody>\n")?;
    for row in rows {
        f.write_str("<tr>")?;
        for (at, (cell, (col, _))) in row.iter().zip(heads).enumerate() {
            let small = |small: &Option<String>| {
                small.as_ref().map_or_else(String::new, |text| format!("<small>{}</small>", Escaped(text)))
            };
            match cell {
                Cell::Head(text, below) => {
                    write!(f, "<th scope=\"row\">{}{}</th>", Escaped(text), small(below))
                }
                Cell::Id(id, below) => {
                    write!(f, "<th scope=\"row\"><code>{}</code>{}</th>", Escaped(id), small(below))
                }
                Cell::Text(text) => write!(f, "<td>{}</td>", Escaped(text)),
                Cell::Time(text) if at == 0 => {
                    write!(f, "<th scope=\"row\" class=\"t\">{}</th>", Escaped(text))
                }
                Cell::Time(text) => write!(f, "<td class=\"t\">{}</td>", Escaped(text)),
                Cell::Number(text) => write!(f, "<td class=\"n\">{}</td>", Escaped(text)),
                Cell::Blank => f.write_str("<td class=\"n\">not given <span class=\"blank\"></span></td>"),
                Cell::Bar(parts, longest) => {
                    let class = if matches!(col, Col::Only) { "bars only" } else { "bars" };
                    write!(f, "<td class=\"{class}\">{}</td>", Bar { parts, longest: *longest })
                }
            }?;
        }
        f.write_str("</tr>\n")?;
    }
    f.write_str("</tbody></table></div>\n")
}

/// Rules with a count of their decisions, the largest first.
fn by_rule(
    f: &mut fmt::Formatter<'_>,
    caption: &str,
    class: &'static str,
    all: &[DecidedByRule],
    figure: impl Fn(&DecidedByRule) -> Figure,
) -> fmt::Result {
    let mut rules: Vec<_> = all.iter().filter(|row| figure(row).count() > 0).collect();
    rules.sort_by_key(|row| Reverse(figure(row).count()));
    let longest = rules.first().map_or(0, |row| figure(row).count());
    let rows = rules.into_iter().map(|row| {
        let title = match &row.now {
            Some(RuleNow { title, cite, certainty, effect, .. }) => {
                format!("{title} \u{b7} {cite} \u{b7} {effect}, {certainty}")
            }
            None => "No longer in the policy".into(),
        };
        vec![
            Cell::Id(row.rule.clone(), Some(title)),
            Cell::Number(figure(row).to_string()),
            Cell::Bar(vec![(class, figure(row).count())], longest),
        ]
    });
    table(f, caption, &[(Col::Text, "rule"), (Col::Number, "decisions"), (Col::Bar, "")], rows.collect())
}

/// Decisions by something, each outcome in a column.
fn decided(f: &mut fmt::Formatter<'_>, caption: &str, of: &str, rows: &[Decided]) -> fmt::Result {
    let longest = rows.iter().map(|row| row.outcomes.all().count()).max().unwrap_or_default();
    let rows = rows.iter().map(|row| {
        let Outcomes { disclosed, limited, verify_only, withheld } = &row.outcomes;
        let numbers = [disclosed, limited, verify_only, withheld].map(|n| Cell::Number(n.to_string()));
        let mut cells = vec![Cell::Head(words(&row.of), None)];
        cells.extend(numbers);
        cells.push(Cell::Bar(parts(&row.outcomes), longest));
        cells
    });
    let heads = [
        (Col::Text, of),
        (Col::Number, "in full"),
        (Col::Number, "in part"),
        (Col::Number, "match only"),
        (Col::Number, "withheld"),
        (Col::Bar, ""),
    ];
    write!(f, "{}", Legend(&PARTS))?;
    table(f, caption, &heads, rows.collect())
}

const PARTS: [(&str, &str); 4] =
    [("full", "in full"), ("part", "in part"), ("match", "match only"), ("withheld", "withheld")];

struct Legend<'l>(&'l [(&'static str, &'static str)]);

impl fmt::Display for Legend<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<ul class=\"legend\">")?;
        for (class, text) in self.0 {
            write!(f, "<li><i class=\"{class}\"></i>{text}</li>")?;
        }
        f.write_str("</ul>\n")
    }
}

fn parts(outcomes: &Outcomes<Figure>) -> Vec<(&'static str, u64)> {
    let Outcomes { disclosed, limited, verify_only, withheld } = outcomes;
    let counts = [disclosed, limited, verify_only, withheld];
    PARTS.iter().zip(counts).map(|((class, _), figure)| (*class, figure.count())).collect()
}

fn outcome_cells(outcomes: &Outcomes<Figure>, longest: u64) -> [Cell; 4] {
    [
        Cell::Number(outcomes.all().to_string()),
        Cell::Number(outcomes.withheld.to_string()),
        Cell::Number(share(outcomes.withheld, outcomes.all())),
        Cell::Bar(parts(outcomes), longest),
    ]
}

/// Of lower bounds there is no share.
fn share(part: Figure, whole: Figure) -> String {
    if !part.is_exact() || whole.count() == 0 {
        return "\u{2013}".into();
    }
    let share = thousandths(part.count(), whole.count());
    format!("{}.{} %", share / 10, share % 10)
}

fn note(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    writeln!(f, "<p class=\"note\">{}</p>", Escaped(text))
}

/// A code as words: `call_detail` is "Call detail".
fn words(code: &str) -> String {
    let mut text = code.replace('_', " ");
    if text.starts_with("ssn") {
        return text.replacen("ssn", "SSN", 1);
    }
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn why(code: &str) -> &'static str {
    match code {
        "forbidden" => "a rule forbids it",
        "not_granted" => "no grant of the carrier\u{2019}s permits it",
        "facts_missing" => "a fact was unknown and took its least privileged value",
        _ => "both answers could hurt somebody: a human decides",
    }
}

/// A time to the minute.
fn moment(time: &str) -> String {
    match time.split_once('T') {
        Some((day, clock)) => format!("{day} {}", clock.chars().take(5).collect::<String>()),
        None => time.into(),
    }
}

/// First and last day where it is whole days, and else from when until when.
fn span(period: &Period) -> String {
    let (from, until) = (period.from, period.until);
    let is_midnight = |time: Timestamp| time.utc_date().and_then(CivilDate::starts_at) == Some(time);
    let last = Timestamp::from_micros(until.as_micros().saturating_sub(1)).utc_date();
    match (from.utc_date(), last) {
        (Some(first), Some(last)) if is_midnight(from) && is_midnight(until) => {
            format!("{first} to {last} (UTC)")
        }
        (_, _) => format!("{from} up to, not including, {until}"),
    }
}

/// The label of a column: the month's name, or the day of the month.
fn short(of: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = of.split('-').skip(1);
    match (parts.next(), parts.next()) {
        (Some(month), None) => {
            let month = month.parse().ok().and_then(|month: usize| MONTHS.get(month.checked_sub(1)?));
            month.map_or_else(|| of.into(), |month| (*month).into())
        }
        (_, Some(day)) => day.trim_start_matches('0').into(),
        (None, None) => of.into(),
    }
}
