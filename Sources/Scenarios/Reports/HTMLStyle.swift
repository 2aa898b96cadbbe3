/// How the page looks, and the little it can do.
enum HTMLStyle {
  static let sheet = """
    :root { color-scheme: light dark; --paper: #fbfaf7; --ink: #1d2430; --faint: #6a7383;
      --line: #dcd9d0; --card: #ffffff; --good: #1a7f4e; --bad: #c2342b; --fair: #b36b00;
      --sea: #2660c4; --wash: #e8effb; --goodwash: #e3f3ea; --badwash: #fbe5e2; }
    @media (prefers-color-scheme: dark) { :root { --paper: #12161d; --ink: #e6e9ef;
      --faint: #96a0b2; --line: #2b323e; --card: #1a2029; --good: #4cc38a; --bad: #ff7a70;
      --fair: #f0a63a; --sea: #7aa7ff; --wash: #1d2b45; --goodwash: #17301f;
      --badwash: #3a1c1b; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--paper); color: var(--ink);
      font: 15px/1.5 system-ui, "Segoe UI", "Noto Sans", sans-serif; }
    header, main { max-width: 1080px; margin: 0 auto; padding: 0 24px; }
    header { padding-top: 36px; }
    h1 { font-size: 30px; letter-spacing: -.02em; margin: 0; font-weight: 650; }
    header.good h1::before { content: "✔ "; color: var(--good); }
    header.bad h1::before { content: "✘ "; color: var(--bad); }
    h2 { font-size: 21px; margin: 40px 0 4px; }
    .figures { display: flex; flex-wrap: wrap; gap: 4px 28px; list-style: none; padding: 0;
      margin: 8px 0 18px; color: var(--faint); }
    .figures b { color: var(--ink); font-weight: 600; }
    .tiles { display: flex; flex-wrap: wrap; gap: 4px; }
    .tiles a { width: 20px; height: 20px; border-radius: 5px; background: var(--good);
      opacity: .8; }
    .tiles a.bad { background: var(--bad); opacity: 1; }
    .tiles a:hover { opacity: 1; outline: 2px solid var(--ink); }
    .tools { display: flex; gap: 12px; align-items: center; margin: 18px 0; }
    input, button { font: inherit; color: inherit; background: var(--card); padding: 7px 12px;
      border: 1px solid var(--line); border-radius: 8px; }
    input { flex: 1; }
    a { color: var(--sea); }
    .scenario { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
      margin: 0 0 10px; overflow: hidden; }
    .scenario.bad { border-color: var(--bad); }
    .scenario > summary { display: flex; gap: 10px; align-items: baseline; padding: 11px 16px;
      cursor: pointer; list-style: none; }
    .scenario > summary::-webkit-details-marker { display: none; }
    .scenario > summary:hover { background: var(--wash); }
    .mark { color: var(--good); } .bad > summary .mark { color: var(--bad); }
    .name { font-weight: 600; flex: 1; }
    .facts { color: var(--faint); font-size: 13px; text-align: right; }
    .facts i { font-style: normal; background: var(--wash); color: var(--sea); padding: 1px 8px;
      border-radius: 99px; margin-right: 5px; }
    .about { color: var(--faint); font-size: 13px; margin: 0; padding: 2px 16px; }
    .about span + span::before { content: " · "; }
    #coverage .about { padding: 2px 0; }
    .drawing { overflow-x: auto; padding: 14px 16px 6px; }
    #coverage .drawing { padding: 10px 0; }
    svg { display: block; font: 11px system-ui, sans-serif; }
    svg .lane { fill: var(--faint); font-size: 12px; }
    svg .step { fill: transparent; } svg .step:hover { fill: var(--wash); }
    svg .step.bad { fill: var(--badwash); }
    svg .axis { stroke: var(--ink); stroke-width: 1.5; }
    svg .grid { stroke: var(--line); stroke-dasharray: 2 3; }
    svg .day { fill: var(--card); stroke: var(--ink); stroke-width: 1.5; }
    svg .date { fill: var(--ink); font-weight: 600; }
    svg .event { fill: var(--sea); } svg .event.bad { fill: var(--bad); }
    svg .count { fill: var(--sea); }
    svg .apdus { fill: var(--good); opacity: .75; }
    svg .apdus.refused { fill: var(--fair); }
    svg .line { fill: none; stroke: var(--ink); stroke-width: 2; stroke-linejoin: round; }
    svg .verified { fill: var(--goodwash); }
    svg .tries { fill: var(--faint); } svg .tries.fair { fill: var(--fair); font-weight: 600; }
    svg .tries.bad { fill: var(--bad); font-weight: 700; }
    .steps { list-style: none; margin: 6px 0 0; padding: 6px 16px 12px;
      border-top: 1px solid var(--line); }
    .steps li { display: grid; grid-template-columns: 92px 1fr; gap: 12px; padding: 2px 0; }
    .steps li > div { border-left: 2px solid var(--line); padding: 1px 0 3px 16px;
      position: relative; min-width: 0; }
    .steps li > div::before { content: ""; position: absolute; left: -6px; top: 8px; width: 10px;
      height: 10px; border-radius: 50%; background: var(--good); border: 2px solid var(--card); }
    .steps li.bad > div::before { background: var(--bad); }
    time { color: var(--ink); font-size: 13px; font-weight: 600; padding-top: 2px;
      font-variant-numeric: tabular-nums; }
    .word { display: inline-block; color: var(--sea); font: 12px/1.6 ui-monospace, monospace;
      background: var(--wash); padding: 0 6px; border-radius: 5px; margin-right: 4px; }
    .steps em { font-style: normal; font-size: 12px; color: var(--sea);
      border: 1px solid var(--sea); border-radius: 99px; padding: 0 8px; margin-left: 4px;
      white-space: nowrap; display: inline-block; }
    .steps p { margin: 0; }
    .steps summary { cursor: pointer; list-style: none; }
    .steps summary::-webkit-details-marker { display: none; }
    .steps summary:hover { background: var(--wash); border-radius: 6px; }
    .steps summary small { color: var(--faint); margin-left: 6px; white-space: nowrap; }
    .steps summary small::after { content: " ▸"; }
    .steps details[open] summary small::after { content: " ▾"; }
    .steps .failure, .failure { background: var(--badwash); color: var(--bad); border-radius: 8px;
      padding: 6px 10px; margin: 4px 16px; white-space: pre-wrap; }
    .again { padding: 0 16px 12px; margin: 0; font-size: 13px; color: var(--faint); }
    table { border-collapse: collapse; font-size: 12.5px; width: 100%; }
    td, th { text-align: left; vertical-align: top; padding: 3px 10px 3px 0;
      border-bottom: 1px solid var(--line); }
    td.good b { color: var(--good); } td.fair b { color: var(--fair); }
    td.bad b { color: var(--bad); }
    .steps td:first-child { width: 34%; } .steps td:nth-child(2) { width: 24%; }
    code { font: 11.5px ui-monospace, monospace; word-break: break-all; color: var(--faint); }
    .coverage th.state { color: var(--faint); font-weight: 400; }
    .coverage td, .coverage th { min-width: 96px; }
    .coverage small { font-weight: 400; color: var(--faint); white-space: nowrap; }
    .coverage input { appearance: none; border: 0; background: none; padding: 0; }
    .coverage input::before { content: "▸"; } .coverage input:checked::before { content: "▾"; }
    .coverage label { cursor: pointer; }
    .coverage .pins { display: none; } .coverage .pins td:first-child { padding-left: 20px; }
    .coverage tbody:has(:checked) .pins { display: table-row; }
    .unreached { font-size: 13px; color: var(--faint); padding-left: 20px; }
    .answer { display: inline-block; border-radius: 5px; padding: 0 6px; margin: 1px 0;
      font: 12px/1.7 ui-monospace, monospace; background: var(--wash); }
    .answer.good { background: var(--goodwash); color: var(--good); }
    .answer small { color: var(--faint); }
    [hidden] { display: none !important; }
    @media (max-width: 720px) { .facts { display: none; }
      .steps li { grid-template-columns: 1fr; gap: 0; } }
    @media print { .tools, .tiles { display: none; } }
    """

  static let script = """
    const all = [...document.querySelectorAll('.scenario')];
    const tiles = [...document.querySelectorAll('.tiles a')];
    document.getElementById('find').addEventListener('input', event => {
      const wanted = event.target.value.toLowerCase();
      all.forEach((one, index) => {
        one.hidden = !one.textContent.toLowerCase().includes(wanted);
        tiles[index].hidden = one.hidden;
      });
    });
    document.getElementById('open').addEventListener('click', event => {
      const opens = event.target.textContent.startsWith('open');
      all.forEach(one => one.open = opens);
      event.target.textContent = opens ? 'close all' : 'open all';
    });
    const show = () => {
      const one = location.hash && document.getElementById(location.hash.slice(1));
      if (one && one.tagName === 'DETAILS') one.open = true;
    };
    addEventListener('hashchange', show);
    show();
    """
}
