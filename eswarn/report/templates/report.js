// Filters, order, pages and print of the list. Without scripts everything is on the page all the same.
(function () {
  "use strict";
  var PER_PAGE = 100;
  var root = document.documentElement;

  function all(found) { return Array.prototype.slice.call(found); }

  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, function (whole, name) { return String(values[name]); });
  }

  root.classList.add("scripted");
  document.addEventListener("click", function (event) {
    var button = event.target;
    if (!button.classList || !button.classList.contains("prints")) { return; }
    var sheet = button.closest(".sheets .pupil");
    if (!sheet || location.hash === "#" + sheet.id) { window.print(); return; }
    addEventListener("hashchange", function () { window.print(); }, { once: true });
    location.hash = sheet.id;
  });

  var tools = document.getElementById("tools");
  if (!tools) { return; }
  var controls = tools.elements;
  var choices = ["school", "year", "form", "tier", "change", "reason"];
  var state = document.getElementById("state");
  var pager = document.getElementById("pager");
  var buttons = { before: pager.querySelector("[name=before]"), after: pager.querySelector("[name=after]") };
  var schools = all(document.querySelectorAll("section.school"));
  var tables = all(document.querySelectorAll("table.list"));
  var kept = [];
  var page = 0;

  // One object a row: what is asked of it again and again, read from the page once.
  var bodies = tables.map(function (table) { return all(table.tBodies[0].rows); });
  var rows = [];
  bodies = bodies.map(function (body, i) {
    var school = tables[i].closest("section.school").getAttribute("data-school");
    return body.map(function (row) {
      var who = all(row.cells[1].querySelectorAll("b, .id"));
      var one = {
        row: row, place: rows.length, words: who.map(function (part) { return part.textContent; }).join(" ").toLowerCase(),
        school: school, tier: tables[i].getAttribute("data-tier"), year: row.getAttribute("data-year"),
        form: row.getAttribute("data-form") || "", change: row.getAttribute("data-change") || "",
        reason: (row.getAttribute("data-themes") || "").split("|"),
        number: number(row.getAttribute("data-yearnumber")), moved: number(row.getAttribute("data-moved"))
      };
      rows.push(one);
      return one;
    });
  });

  function number(text) { var value = parseFloat(text); return isNaN(value) ? 1e9 : value; }

  function chosen(name) { return controls[name] ? controls[name].value : ""; }

  function wanted(asked, searched) {
    return function (one) {
      return one.words.indexOf(searched) >= 0 && choices.every(function (name) {
        return asked[name] === "" || (name === "reason" ? one.reason.indexOf(asked.reason) >= 0 : one[name] === asked[name]);
      });
    };
  }

  function show() {
    var asked = {};
    choices.forEach(function (name) { asked[name] = chosen(name); });
    kept = rows.filter(wanted(asked, controls.search.value.trim().toLowerCase()));
    var pages = Math.max(1, Math.ceil(kept.length / PER_PAGE));
    page = Math.min(page, pages - 1);
    rows.forEach(function (one) { one.off = true; one.later = false; });
    kept.forEach(function (one, place) { one.off = false; one.later = Math.floor(place / PER_PAGE) !== page; });
    rows.forEach(function (one) {
      one.row.classList.toggle("off", one.off);
      one.row.classList.toggle("later", one.later);
    });
    tables.forEach(function (table, i) { empty(table, bodies[i]); });
    schools.forEach(function (school) {
      empty(school, [].concat.apply([], bodies.filter(function (body, i) { return school.contains(tables[i]); })));
    });
    var now = { page: page + 1, pages: pages, shown: kept.length, all: rows.length };
    var on_page = fill(pager.getAttribute("data-say"), now);
    pager.hidden = pages === 1;
    pager.querySelector("span").textContent = on_page;
    buttons.before.disabled = page === 0;
    buttons.after.disabled = page === pages - 1;
    state.textContent = fill(state.getAttribute("data-say"), now) + (pages > 1 ? ", " + on_page : "");
    root.classList.toggle("narrowed", kept.length < rows.length);
    all(controls).forEach(function (control) {
      if (control.parentNode.nodeName === "LABEL") { control.parentNode.classList.toggle("set", control.value.trim() !== ""); }
    });
  }

  // A table or a school with no row to show is not shown either.
  function empty(element, own) {
    element.classList.toggle("off", own.every(function (one) { return one.off; }));
    element.classList.toggle("later", own.every(function (one) { return one.off || one.later; }));
  }

  var collator = new Intl.Collator(root.lang, { numeric: true });
  var ORDERS = {
    rank: function (a, b) { return a.place - b.place; },
    name: function (a, b) { return collator.compare(a.words, b.words) || a.place - b.place; },
    year: function (a, b) { return a.number - b.number || collator.compare(a.form, b.form) || a.place - b.place; },
    moved: function (a, b) { return b.moved - a.moved || a.place - b.place; }
  };

  function sort() {
    bodies.forEach(function (own, i) {
      own.sort(ORDERS[controls.sort.value] || ORDERS.rank);
      own.forEach(function (one) { tables[i].tBodies[0].appendChild(one.row); });
    });
    rows = [].concat.apply([], bodies);
    page = 0;
    show();
  }

  function focus(one) {
    var link = one.row.querySelector("a");
    one.row.scrollIntoView({ block: "center" });
    if (link) { link.focus({ preventScroll: true }); }
  }

  // Back from a sheet: to its row, on whichever page it is, whatever the list was narrowed to.
  function back() {
    var one = rows.filter(function (each) { return "#" + each.row.id === location.hash; })[0];
    if (!one) { return; }
    if (one.off) {
      choices.concat("search").forEach(function (name) { if (controls[name]) { controls[name].value = ""; } });
      show();
    }
    page = Math.floor(kept.indexOf(one) / PER_PAGE);
    show();
    focus(one);
  }

  tools.addEventListener("input", function (event) {
    if (event.target.name === "sort") { sort(); } else { page = 0; show(); }
  });
  tools.addEventListener("submit", function (event) { event.preventDefault(); });
  tools.addEventListener("reset", function () { setTimeout(sort, 0); });
  pager.addEventListener("click", function (event) {
    if (event.target !== buttons.before && event.target !== buttons.after) { return; }
    page += event.target === buttons.after ? 1 : -1;
    show();
    focus(kept[page * PER_PAGE]);
  });
  addEventListener("hashchange", back);
  if (controls.sort.value === "rank") { show(); } else { sort(); }  // a browser may remember what was chosen
  back();
}());
