//! English.

use pandian_domain::reference::Standing;
use pandian_domain::verdict::{Reason, Verdict};
use pandian_engine::site::Release;

use super::{ListenWords, PlanWords, VisionWords, Words};

pub(super) static WORDS: Words = Words {
    error: "error",
    explain_hint: |code| format!("more: pandian explain {code}"),
    verdict,
    reason,
    stocktake: "stocktake",
    warehouse: "warehouse",
    location: "location",
    locations: "locations",
    crane: "crane",
    book: "book",
    counted: "counted",
    tags: "tags",
    belongs_at: |place| format!("belongs at {place}"),
    traced: |epc, place| format!("tag {epc} lies at {place}, which was not counted"),
    found_at: |place| format!("found at {place}"),
    started: "started",
    finished: "finished",
    not_finished: "not finished",
    cancelled: "cancelled",
    head: "record chain",
    requested: "requested",
    left: "left to count",
    agreements: "agree",
    differences: "differ",
    ambiguous: "for a person",
    not_counted: "not counted",
    nothing_differs: "Books and rack agree everywhere.",
    and_more: |more| format!("… and {more} more"),
    more_lanes: |more| format!("… and {}", many(more as u64, "more lane")),
    makespan: |makespan, seconds| format!("the last crane was free after {makespan:.3} s, the last verdict came after {seconds:.3} s"),
    counting: |locations, lanes| format!("counting {} on {}", many(locations, "location"), many(lanes as u64, "lane")),
    resuming: |open| format!("taking it up again: {} left", many(open, "location")),
    already_finished: "this stocktake is finished",
    interrupted: |id| format!("interrupted; nothing is lost. Stocktake {id} can be taken up again:"),
    resume_with: |id, data| format!("pandian run --resume {id} --data {data}"),
    serve_devices: |folder| format!("pandian sim {folder}   (its devices, in another terminal)"),
    configuration_changed: "note: the configuration has changed since this stocktake was started",
    stalled: |why| format!("cannot write: {why}. Cranes wait; it goes on when this is mended"),
    mended: "writing again",
    operation_failed: |operation, location, message| format!("{operation} failed at {location}: {message}"),
    lane_out: |lane, message| format!("lane {lane} is out of work: {message}"),
    lane_in: |lane| format!("lane {lane} is back at work"),
    paused: "paused",
    eta: "done in about",
    idle: "idle",
    out_of_work: "out of work",
    lent: "lent to production",
    waited: |lane, waits, seconds| format!("{lane} waited {} for the other crane on its rail, {seconds:.1} s in all", many(waits, "time")),
    waiting: "waiting",
    done: "done",
    running: "running",
    no_stocktakes: |data| format!("there are no stocktakes in {data}"),
    config_good: |name, locations, lanes| {
        format!("{name}: {}, {}: the configuration is in order", many(locations as u64, "location"), many(lanes as u64, "lane"))
    },
    standing: |standing| match standing {
        Standing::Taken => "taken, not accepted yet",
        Standing::Accepted => "accepted",
        Standing::Rejected => "rejected",
    },
    imported: |lines, source| {
        format!("{} of book stock from {source} {} in the data directory", many(lines, "line"), if lines == 1 { "is" } else { "are" })
    },
    book_used: |source| format!("book stock: {source}"),
    verified: |records, evidence| {
        format!("{} and {} of evidence are as they were written", many(records, "record"), many(evidence, "piece"))
    },
    chain_broken: "not as it was written",
    head_found: |since| {
        format!("the expected head is part of the chain; {} {} come since", many(since, "record"), if since == 1 { "has" } else { "have" })
    },
    note: "note",
    devices_good: "every device answers",
    devices_bad: |bad| {
        format!(
            "{} {} not answer as {} should",
            many(bad as u64, "device"),
            if bad == 1 { "does" } else { "do" },
            if bad == 1 { "it" } else { "they" }
        )
    },
    what_to_do: |code| format!("what to do: pandian explain {code}"),
    serving: "serving",
    stop_with_ctrl_c: "Ctrl-C ends it",
    demo_title: |cranes, locations, speed| {
        format!(
            "a simulated warehouse: {}, {}, {speed} times faster than real",
            many(cranes.into(), "crane"),
            many(locations as u64, "location")
        )
    },
    planted: "planted",
    found: "found",
    to_be_seen: |truth| match (truth.wrong, truth.blocked) {
        (true, _) => "  (a wrong label)",
        (false, true) => "  (a blocked view)",
        (false, false) => "",
    },
    demo_outcome: |outcome| {
        format!(
            "Of {} planted differences {} were found as planted, {} as another difference. {} left to a person. {} wrong.",
            outcome.planted,
            outcome.found,
            outcome.otherwise,
            many(outcome.left as u64, "location"),
            outcome.wrong
        )
    },
    pictures: |pictures| {
        let (share, [low, high]) = pictures.wrong_share();
        format!(
            "Of {} pictures {} were told empty or occupied as it is, {} called unsure, {} wrong: silently wrong {:.2} % ({:.2}–{:.2} %).\n\
             Wrong labels: {}, of which {} were said to be unreadable and {} passed unnoticed. Blocked views: {}, of which {} told wrong.",
            pictures.looked_at,
            pictures.right,
            pictures.unsure,
            pictures.wrong,
            share * 100.0,
            low * 100.0,
            high * 100.0,
            pictures.mislabelled,
            pictures.mislabelled_unread,
            pictures.mislabelled_missed,
            pictures.blocked,
            pictures.blocked_wrong
        )
    },
    references_taken: |accepted, rejected| {
        format!(
            "{} of empty slots taken: {accepted} accepted as references, {rejected} rejected",
            many((accepted + rejected) as u64, "picture")
        )
    },
    demo_next: |data| {
        format!("Try:\n  pandian report --data {data}\n  pandian report --data {data} --format csv\n  pandian verify --data {data}")
    },
    listen: LISTEN,
    plan: PLAN,
    vision: VISION,
};

const LISTEN: ListenWords = ListenWords {
    listening: |address| format!("listening to {address}"),
    antenna: "antenna",
    reads: "reads",
    rate: "reads/s",
    last: "last heard",
    ago: |seconds| format!("{seconds:.0} s ago"),
    heard: |tags, reads| format!("{} heard in {}", many(tags as u64, "tag"), many(reads, "read")),
    heard_more: |tags, reads| format!("more than {} heard in {}", many(tags as u64, "tag"), many(reads, "read")),
    lost: |reads| format!("{} not shown: nobody took them in time", many(reads, "read")),
};

const VISION: VisionWords = VisionWords {
    no_code: "no code",
    occupancy: "slot:",
    labels: "labels:",
    change: "since before:",
    fitness: "brightness / contrast / sharpness:",
    no_mask: "no difference mask: the picture cannot be laid on a reference",
    unsure: "  may be misread",
    objects: |objects| format!("{} found by the model; this is no count of stock", many(objects as u64, "object")),
    objects_cut: "there were more candidates than are looked at",
    no_text: "no text",
    lines_left: |lines| format!("{} found and not read: the time was used up", many(lines as u64, "line")),
    bench_columns: [
        "set",
        "photos",
        "right at once",
        "right",
        "otherwise",
        "not read",
        "read without a code",
        "not decoded",
        "decoding ms",
        "first look ms",
        "all looks ms",
    ],
};

const PLAN: PlanWords = PlanWords {
    title: |warehouse, locations, release, seed| {
        format!("{warehouse}: {} planned, cranes released {release}, seed {seed}", many(locations as u64, "location"))
    },
    stops: "stops",
    visits: "visits",
    travel: "travel",
    standing: "standing",
    free_after: "free after",
    bound: "at least",
    gap: "gap",
    optimal: "optimal",
    all: "all",
    done: |time| format!("The last verdict comes after {time}."),
    kept_opaque: |crane| format!("{crane}: the given order is kept, for its locations have no coordinates."),
    kept_dispatched: |crane| format!("{crane}: the given order is kept, for another system picks the crane and its way."),
    partly_opaque: |crane, moves| format!("{crane}: the time of {} is not known, for want of coordinates.", many(moves as u64, "move")),
    moves_as_learnt: |crane, moves, error, configured| {
        format!("{crane}: moves as learnt from {moves} of its moves, off by {error} on average; as configured it would be {configured}.")
    },
    moves_as_configured: |crane, moves, error, configured| {
        format!("{crane}: moves as configured, off by {configured} on average; what {moves} of its moves teach is no better, {error}.")
    },
    nothing_learnt: |crane| format!("{crane}: moves as configured; nothing was to be learnt."),
    rule: "order",
    as_given: "as given",
    sorted: "sorted by code",
    routed: "planned",
    released: "released",
    release: |release| match release {
        Release::AfterAcquisition => "after acquisition",
        Release::AfterVerification => "after verification",
    },
    sooner: "sooner",
    left_out: |count| format!("{} left out:", if count == 1 { "1 location is".to_owned() } else { format!("{count} locations are") }),
    picture: |file| format!("picture: {file}"),
    stops_here: |stops| many(stops as u64, "stop"),
    time_unknown: "travel not known",
    nothing_to_draw: "No location has coordinates: there is nothing to draw.",
    left_side: "left side",
    right_side: "right side",
    begins_here: "the crane comes from here",
    first: "first",
    last: "last",
};

/// A number of things, which take an `s` unless it is one.
fn many(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Match => "match",
        Verdict::Shortage => "shortage",
        Verdict::Overage => "overage",
        Verdict::Misplaced => "misplaced",
        Verdict::WrongItem => "wrong item",
        Verdict::EmptyAsBooked => "empty as booked",
        Verdict::UnexpectedlyEmpty => "unexpectedly empty",
        Verdict::Ambiguous => "ambiguous",
        Verdict::NotCounted => "not counted",
    }
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::AllTagsHeard => "every booked tag was heard, and no other",
        Reason::LabelsRead => "what is booked was recognised by its labels",
        Reason::NothingThere => "no tag was heard and the picture shows nothing",
        Reason::NothingHeard => "no tag was heard",
        Reason::PartMissing => "only part of what is booked was found",
        Reason::NotInTheBooks => "what was found is booked nowhere",
        Reason::FoundElsewhere => "what is missing was found elsewhere",
        Reason::TagsUnclear => "a tag may lie here or at a neighbour",
        Reason::BookedElsewhere => "what was found is booked elsewhere",
        Reason::OtherInItsPlace => "something else is in the place of what is booked",
        Reason::SeenEmpty => "no tag was heard and the picture shows an empty slot",
        Reason::TagsSilent => "stock is booked, but no tag was heard",
        Reason::WitnessesDisagree => "tags and picture contradict each other",
        Reason::NothingToRecognise => "nothing at hand can recognise what is booked",
        Reason::NoBook => "the books do not know this location",
        Reason::OtherLocation => "a marker shows another location",
        Reason::InventoryFailed => "the tags could not be read",
        Reason::CaptureFailed => "the picture could not be taken",
        Reason::CompareFailed => "the picture could not be compared",
        Reason::NoObservation => "nothing was observed that could be compared",
        Reason::ChecksFailed => "neither tags nor picture could be had",
        Reason::CraneFailed => "the crane did not get there",
        Reason::CraneOut => "the crane is out of work",
        Reason::WayBlocked => "another crane stands in the way for good",
        Reason::ForbiddenZone => "it lies in a zone that cranes must not enter",
        Reason::LocationLocked => "the location is locked",
        Reason::Cancelled => "the stocktake was cancelled",
        Reason::ProgramFailed => "the program failed; its log says how",
    }
}
