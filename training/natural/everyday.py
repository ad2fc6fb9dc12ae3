"""Everyday words that may stand for each other in any sentence, and openings that add nothing.

"a = b": either for the other; "a > b": b for a alone. A word of several meanings is said for
others and never exchanged itself.
"""

from __future__ import annotations

_SAME = """
many = numerous; several = a number of; parts = components; aspects = sides; also = as well; often
= frequently; usually = typically; sometimes = at times; rarely = seldom; mainly = chiefly; mostly
= for the most part; largely = to a large extent; almost = nearly; about = around; approximately =
roughly; because = since; although = even though; but = yet; however = nevertheless; therefore =
consequently; moreover = furthermore; in addition = additionally; for example = for instance; such
as = like; including = among them; doctors = physicians; a doctor = a physician; your doctor > your
physician; children = kids; people = persons; individuals = people; adults = grown-ups; women =
females; men = males; infants = babies; illness = disease; illnesses = diseases; condition =
disorder; conditions = disorders; disease > illness; medicine = medication; medicines =
medications; drugs = medicines; treatment = therapy; treatments = therapies; treat = manage;
treated = managed; surgery = an operation; symptoms = complaints; signs = indications; pain =
discomfort; tired = fatigued; fever = raised temperature; serious = severe; severe = grave; mild =
slight; dangerous = hazardous; harmful = damaging; helpful = useful; useful = of use; important =
significant; main = principal; major = important; common = frequent; uncommon = infrequent; rare =
unusual; large = big; small = little; whole = entire; enough = sufficient; different = differing;
various = diverse; similar = comparable; additional = further; new = novel; current = present;
early = at an early stage; quickly = rapidly; slowly = gradually; suddenly = abruptly; usually > in
most cases; completely = entirely; partly = in part; especially = particularly; primarily = above
all; currently = at present; previously = formerly; recently = lately; immediately = at once;
eventually = in the end; initially = at first; together = jointly; alone = on its own; causes =
brings about; caused = brought about; causing = bringing about; cause = bring about; leads to =
results in; lead to = result in; led to = resulted in; leading to = resulting in; helps = assists;
help = assist; shows = demonstrates; show = demonstrate; showed = demonstrated; shown =
demonstrated; found = observed; find = observe; suggests = indicates; suggest = indicate; suggested
= indicated; suggesting = indicating; begins = starts; begin = start; began = started; ends =
finishes; occurs = happens; occur = happen; occurred = happened; occurring = happening; develops =
arises; develop = arise; affects = has an effect on; affect = have an effect on; contains =
includes; contain = include; consists of = is made up of; consist of = are made up of; uses = makes
use of; use = make use of; used = employed; using = by means of; needs = requires; need = require;
needed = required; gives = provides; give = provide; given = provided; provides = supplies; provide
= supply; gets = receives; get = receive; keeps = maintains; keep = maintain; makes = renders;
remains = stays; remain = stay; stops = halts; stop = halt; tries = attempts; try = attempt; tells
= informs; ask = inquire; choose = select; chosen = selected; check = examine; checked = examined;
examined = studied; assessed = evaluated; assess = evaluate; investigated = studied; study =
investigation; studies = investigations; research = scientific work; results = findings; result =
outcome; data = figures; goal = aim; purpose = aim; aim = objective; method = approach; methods =
approaches; way = manner; ways = means; reason = ground; reasons = grounds; problem = difficulty;
problems = difficulties; risk = danger; risks = dangers; chance = likelihood; possibility = chance;
ability = capacity; growth = development; role = part; level = degree; levels = amounts; amount =
quantity; amounts = quantities; number = count; group = set; groups = sets; type = kind; types =
kinds; form = kind; forms = kinds; area = region; areas = regions; site = place; sites = places;
body = organism; damage = harm; damaged = harmed; injury = damage; loss = lack; decrease =
reduction; decreased = reduced; decreases = reduces; reduces = lowers; reduce = lower; reduced =
lowered; increase = rise; increases = raises; increased = raised; improves = betters; improve =
better; improved = bettered; prevent = avert; prevents = averts; prevented = averted; protect =
shield; protects = shields; removed = taken out; remove = take out; replaced = substituted; examine
= look at; known = recognised; unknown = not known; unclear = not clear; likely = probable;
unlikely = improbable; possible = conceivable; necessary = needed; available = at hand; able to =
capable of; unable to = not able to; allows = permits; allow = permit; allowed = permitted;
requires = calls for; require = call for; related to = linked to; associated with = linked with;
linked to = connected with; due to = owing to; based on = grounded on; according to = as stated by;
during = in the course of; before = prior to; after = following; until = up to the time that;
within = inside; throughout = all through; between > in between; near = close to; more than = over;
less than = under; at least = no fewer than; each year = every year; each day = every day; per year
= a year; every day = daily; worldwide = across the world; in the United States = in the US; is
called = is known as; are called = are known as; called = known as; also called = also known as;
refers to = means; means = signifies; is caused by = comes from; are caused by = come from; is
characterized by = is marked by; are characterized by = are marked by; it is important to = one
should; may be = can be; may > might; can > may; must > has to; should > ought to; do not > don't;
does not > doesn't; is not > isn't; are not > aren't; cannot = can not; did not > didn't; was not >
wasn't; were not > weren't; it is > it's; in order to = to; as well as = and also; both > the two
of; most = the majority of; a lot of = much; first = initially; second = next; finally = lastly;
today = nowadays; now = at present; long-term = lasting; short-term = brief; life-threatening =
potentially fatal; fatal = deadly; death = dying; deaths = fatalities; died = passed away; die =
pass away; survive = live on; healthy = well; sick = ill; hospital = clinic; nurse = carer;
patients = sick people; family = relatives; parents = mother and father; mother = mum; inherited =
passed on; inherit = receive; birth = delivery; pregnancy = gestation; pregnant = expecting;
newborn = new-born; aged = old; elderly = older; weak = feeble; weakness = feebleness; strong =
powerful; swelling = puffiness; itching = itch; rash = skin eruption; vomiting = throwing up;
nausea = sickness; diarrhea = loose stools; cough = coughing; breathing = respiration; breathe =
respire; eat = consume; drink = take in; food = nourishment; weight = body weight; blood test =
test of the blood; diagnosis = diagnosing; diagnosed = identified; diagnose = identify; test =
examination; tests = examinations; scan = imaging; x-rays = radiographs; vaccine = jab; vaccines =
jabs; virus = viral agent; viruses = viral agents; bacteria = germs; infection = infectious
disease; infections = infectious diseases; infected = having caught it; spread = transmission;
spreads = is passed on; transmitted = passed on; outbreak = flare; exposure = contact; country =
nation; countries = nations; city = town; government = authorities; law = legislation; rules =
regulations; company = firm; companies = firms; price = cost; costs = expenses; money = funds; work
= labour; job = post; school = place of learning; book = volume; built = constructed; build =
construct; located = situated; founded = established; created = made; create = make; began > set in
"""

OPENINGS = (
    "Overall, {}", "In general, {}", "However, {}", "It is worth noting that {}", "Also, {}",
    "According to the source, {}", "In addition, {}", "Note that {}", "As described, {}",
    "Importantly, {}", "In short, {}", "The text says that {}", "Moreover, {}", "In fact, {}",
    "It should be noted that {}", "On this, the page states that {}",
)  # fmt: skip


_AMBIGUOUS = frozenset(
    """yet under over lower well second next first most both some to and also better much little
    part set post ground grounds means close present volume figures count contact rise raise number
    like at times inside old sides further following gives is about around than used kind kinds
    form forms place places site sites area areas body work book test tests way ways result
    results signs weak strong try tried lack stay stays with in alone jointly role even though
    firm firms law labour funds cost price gestation expecting delivery birth sick ill relatives
    halt halts betters bettered finally lastly now today initially clinic hospital goal aim
    purpose harm harmed conceivable needed substituted look taken out take averted avert renders
    made make receives receive level levels degree degrees growth development loss use using
    help mild slight grave severe serious current new novel early rare common large big small
    whole
    """.split()
)


def table() -> dict[str, tuple[str, ...]]:
    """For each word or phrase in lower case, what may be said for it."""
    out: dict[str, list[str]] = {}
    for entry in _SAME.replace("\n", " ").split(";"):
        for sign in ("=", ">"):
            one, found, other = (part.strip() for part in entry.partition(sign))
            if found:
                out.setdefault(one, []).append(other)
                if sign == "=":
                    out.setdefault(other, []).append(one)
                break
    return {word: tuple(others) for word, others in out.items() if word not in _AMBIGUOUS}
