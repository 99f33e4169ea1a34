//! `plan`: the move, step by step, for every account.

use std::path::Path;

use otpferry_formats::targets::{self, Found};

use crate::cli::PlanArgs;
use crate::explain;
use crate::failure::{Exit, Failure};
use crate::guard::Guard;
use crate::intake;
use crate::output::{self, Pending};
use crate::plan::{self, Plan};
use crate::show::{self, Terminal};

pub(super) fn run(args: &PlanArgs, terminal: &Terminal) -> Result<Exit, Failure> {
    let target = find("--target", &args.target)?;
    let importers =
        args.explain_as.iter().map(|name| find("--explain-as", name)).collect::<Result<Vec<_>, _>>()?;
    if let Some(path) = &args.output {
        output::check_free(path, args.force)?;
    }
    let mut intake = intake::read(&args.read.inputs, &args.read.options, terminal)?;
    let mut guard = Guard::new(&args.read.options, None, &intake);
    let names: Vec<String> =
        args.read.inputs.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let explained = explain::all(&intake, &importers);
    let plan = Plan {
        explained,
        ..Plan::of(&mut intake, (&names, &args.read.options.again()), target, args.max_age)
    };
    // A page that says nothing would pass for a plan.
    let page = args.output.as_ref().filter(|_| !plan.accounts.is_empty());
    if let Some(path) = page {
        guard.claim(path)?;
        Pending::write(path, plan::page::render(&plan).as_bytes(), args.force)?.publish()?;
    }
    if terminal.wants_json() {
        terminal.print_json(&plan)?;
    } else if let Some(path) = page {
        terminal.print(&wrote(&plan, path));
    } else {
        terminal.print(&plan::text::render(&plan));
    }
    Ok(exit(&plan, args.read.options.partial))
}

/// The app that an option names.
pub(super) fn find(option: &str, name: &str) -> Result<Found, Failure> {
    targets::find(name).map_err(|error| {
        Failure::new(Exit::Usage, format!("{option} {}: {error}", show::named("", name)))
            .next_step(error.next_step())
    })
}

/// What the page says in short.
fn wrote(plan: &Plan, path: &Path) -> String {
    let accounts = show::count(plan.accounts.len(), "account");
    let place = show::clean(&path.to_string_lossy());
    format!("Wrote the plan for {accounts} to {place}: open it in a browser\n{}", plan::text::summary(plan))
}

fn exit(plan: &Plan, partial: bool) -> Exit {
    match () {
        () if !plan.missing_parts.is_empty() && !partial => Exit::Incomplete,
        () if plan.needs_attention() => Exit::Attention,
        () => Exit::Done,
    }
}
