//! `proxysql.cnf`, in the syntax of libconfig (its manual, "Configuration Files";
//! what a backslash means is as in version 1.7).
//!
//! Only the shape of the file is read here; what a setting means, others know.

use winnow::ascii::{digit1, hex_digit1, multispace1, till_line_ending};
use winnow::combinator::{
    alt, cut_err, delimited, eof, not, opt, preceded, repeat, separated, terminated,
};
use winnow::error::{ContextError, ErrMode, StrContext, StrContextValue};
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location, Stateful};
use winnow::token::{any, one_of, take_until, take_while};

use super::super::bounded;
use super::TABLES;
use super::tables::Tables;
use crate::error::{DocumentError, Position};

/// Groups and lists may stand in each other so deep.
const MAX_DEPTH: u8 = 16;

type Input<'a> = Stateful<LocatingSlice<&'a str>, u8>;

/// What a setting is set to.
#[derive(Clone, Debug, PartialEq)]
enum Setting {
    Text(String),
    Number(String),
    Truth(bool),
    List(Vec<Placed>),
    Group(Vec<(String, Placed)>),
}

/// With the offset at which it begins, in bytes.
#[derive(Clone, Debug, PartialEq)]
struct Placed {
    at: usize,
    setting: Setting,
}

/// Reads a configuration file.
///
/// # Errors
/// What is not in libconfig's syntax, and a list of rows that is none.
pub fn read_cnf(text: &str, name: &str) -> Result<Tables, DocumentError> {
    bounded(text, name)?;
    let input = Stateful {
        input: LocatingSlice::new(text),
        state: 0,
    };
    let settings = terminated(settings, (space, eof))
        .parse(input)
        .map_err(|error| DocumentError::Syntax {
            document: name.to_owned(),
            at: Some(position(text, error.offset())),
            why: expected(error.inner()),
        })?;
    let mut tables = Tables::new(name);
    for (table, placed) in &settings {
        match &placed.setting {
            Setting::List(rows) => {
                tables.mention(table);
                for (index, row) in rows.iter().enumerate() {
                    let at = position(text, row.at);
                    add(&mut tables, table, index, row, at, name)?;
                }
            }
            // Variables: what they say is not for here, that they are there is.
            Setting::Group(variables) => {
                for _ in variables {
                    tables.add(table, None, []);
                }
            }
            _ => tables.add("settings", None, []),
        }
    }
    Ok(tables)
}

fn add(
    tables: &mut Tables,
    table: &str,
    index: usize,
    row: &Placed,
    at: Position,
    name: &str,
) -> Result<(), DocumentError> {
    if !TABLES.contains(&table) {
        tables.add(table, Some(at), []);
        return Ok(());
    }
    let wrong = |field: String, why: &str| DocumentError::Field {
        document: name.to_owned(),
        at: Some(at),
        field,
        why: why.to_owned(),
    };
    let Setting::Group(columns) = &row.setting else {
        let why = "it is no group of settings in `{ }`";
        return Err(wrong(format!("{table}[{index}]"), why));
    };
    let mut cells = vec![];
    for (column, value) in columns {
        let text = match &value.setting {
            Setting::Text(text) | Setting::Number(text) => text.clone(),
            Setting::Truth(truth) => u8::from(*truth).to_string(),
            Setting::List(_) | Setting::Group(_) => {
                let why = "it is a list or a group; a text or a number is allowed";
                return Err(wrong(format!("{table}[{index}].{column}"), why));
            }
        };
        // ProxySQL takes -1 for what is not set.
        cells.push((
            renamed(column).to_owned(),
            Some(text).filter(|text| text != "-1"),
        ));
    }
    // Unlike the table's, the file's default is to use the rule.
    if table == "mysql_query_rules" && !cells.iter().any(|(column, _)| column == "active") {
        cells.push(("active".to_owned(), Some("1".to_owned())));
    }
    tables.add(table, Some(at), cells);
    Ok(())
}

/// A column by its name in the table.
fn renamed(setting: &str) -> &str {
    match setting {
        "address" => "hostname",
        "hostgroup" => "hostgroup_id",
        other => other,
    }
}

fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    Position {
        line: before.matches('\n').count() + 1,
        column: before[line..].chars().count() + 1,
    }
}

fn expected(error: &ContextError) -> String {
    let wanted = error.context().find_map(|context| match context {
        StrContext::Expected(StrContextValue::Description(what)) => Some(*what),
        _ => None,
    });
    let wanted = wanted.unwrap_or("a setting, such as `name = value`");
    format!("{wanted} is expected here")
}

fn space(input: &mut Input<'_>) -> ModalResult<()> {
    let comment = alt((
        ('#', till_line_ending).void(),
        ("//", till_line_ending).void(),
        ("/*", take_until(0.., "*/"), "*/").void(),
    ));
    repeat(0.., alt((multispace1.void(), comment))).parse_next(input)
}

fn settings(input: &mut Input<'_>) -> ModalResult<Vec<(String, Placed)>> {
    repeat(0.., preceded(space, setting)).parse_next(input)
}

fn setting(input: &mut Input<'_>) -> ModalResult<(String, Placed)> {
    let name = (
        one_of(|c: char| c.is_ascii_alphabetic() || c == '*'),
        take_while(0.., |c: char| {
            c.is_ascii_alphanumeric() || "-_*".contains(c)
        }),
    );
    let name = name.take().map(str::to_owned).parse_next(input)?;
    let equals = (space, one_of(['=', ':']), space).context(expecting("`=` or `:`"));
    cut_err(equals).parse_next(input)?;
    let value = cut_err(value.context(expecting("a value"))).parse_next(input)?;
    (space, opt(one_of([';', ',']))).parse_next(input)?;
    Ok((name, value))
}

const fn expecting(what: &'static str) -> StrContext {
    StrContext::Expected(StrContextValue::Description(what))
}

fn value(input: &mut Input<'_>) -> ModalResult<Placed> {
    let at = input.current_token_start();
    let truth = |word: &'static str, truth| {
        let end = not(one_of(|c: char| {
            c.is_ascii_alphanumeric() || "-_*".contains(c)
        }));
        (winnow::ascii::Caseless(word), end).value(Setting::Truth(truth))
    };
    let setting = alt((
        text.map(Setting::Text),
        truth("true", true),
        truth("false", false),
        number.map(Setting::Number),
        nested(delimited(
            ('(', space),
            separated(0.., value, (space, ',', space)),
            cut_err((space, opt(','), space, ')').context(expecting("`,` or `)`"))),
        ))
        .map(Setting::List),
        nested(delimited(
            ('[', space),
            separated(0.., value, (space, ',', space)),
            cut_err((space, opt(','), space, ']').context(expecting("`,` or `]`"))),
        ))
        .map(Setting::List),
        nested(delimited(
            '{',
            settings,
            cut_err((space, '}').context(expecting("a setting or `}`"))),
        ))
        .map(Setting::Group),
    ))
    .parse_next(input)?;
    Ok(Placed { at, setting })
}

/// One level further in; too deep is an error.
fn nested<'a, T>(
    mut inner: impl ModalParser<Input<'a>, T, ContextError>,
) -> impl ModalParser<Input<'a>, T, ContextError> {
    move |input: &mut Input<'a>| {
        if input.state >= MAX_DEPTH {
            let mut error = ContextError::new();
            error.push(expecting("less depth"));
            return Err(ErrMode::Cut(error));
        }
        input.state += 1;
        let parsed = inner.parse_next(input);
        input.state -= 1;
        parsed
    }
}

/// A text in quotes; several of them one after the other are one.
fn text(input: &mut Input<'_>) -> ModalResult<String> {
    let quoted = delimited(
        '"',
        repeat(0.., piece).fold(String::new, |mut text, piece: char| {
            text.push(piece);
            text
        }),
        cut_err('"'.context(expecting("`\"` at the end of a text"))),
    );
    let texts: Vec<String> = repeat(1.., terminated(quoted, space)).parse_next(input)?;
    Ok(texts.concat())
}

/// A backslash before anything else is a character like any other, as patterns
/// need it.
fn piece(input: &mut Input<'_>) -> ModalResult<char> {
    let byte = preceded(
        one_of(['x', 'X']),
        take_while(2, |c: char| c.is_ascii_hexdigit()),
    )
    .verify_map(|digits| u8::from_str_radix(digits, 16).ok().map(char::from));
    let escaped = alt((
        'n'.value('\n'),
        'r'.value('\r'),
        't'.value('\t'),
        'f'.value('\u{c}'),
        '\\'.value('\\'),
        '"'.value('"'),
        byte,
    ));
    alt((preceded('\\', escaped), any.verify(|c: &char| *c != '"'))).parse_next(input)
}

fn number(input: &mut Input<'_>) -> ModalResult<String> {
    let hex = preceded(alt(("0x", "0X")), hex_digit1)
        .verify_map(|digits| u64::from_str_radix(digits, 16).ok())
        .map(|number| number.to_string());
    let fraction = (
        opt(('.', take_while(0.., |c: char| c.is_ascii_digit()))),
        opt((one_of(['e', 'E']), opt(one_of(['-', '+'])), digit1)),
    );
    let decimal = (opt(one_of(['-', '+'])), digit1, fraction)
        .take()
        .map(|number: &str| number.trim_start_matches('+').to_owned());
    terminated(alt((hex, decimal)), (opt('L'), opt('L'))).parse_next(input)
}
