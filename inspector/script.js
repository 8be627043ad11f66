// The page works without this: it makes it live, and opens requests without loading it anew.
'use strict'

const maxRows = 200
const body = document.body
const base = document.querySelector('.brand').getAttribute('href')
const list = document.getElementById('list'), none = document.getElementById('none'), live = document.getElementById('live')
const parameters = () => new URLSearchParams(location.search)

// What the page is made of is made by the server alone: here parts of it are put in the place
// of what was there.

const focusable = 'a[href], summary, select, button'

const replace = (id, page) => {
  const old = document.getElementById(id), anew = page.getElementById(id)
  if (!anew || old.innerHTML === anew.innerHTML) {
    return
  }
  const at = [...old.querySelectorAll(focusable)].indexOf(document.activeElement)
  old.replaceWith(anew)
  if (at >= 0) {
    anew.querySelectorAll(focusable)[at]?.focus({ preventScroll: true })
  }
}

let loading = null // the latest load, so that none that is overtaken shows itself

const load = async (address, ...ids) => {
  const load = loading = {}
  const response = await fetch(address, { headers: { Accept: 'text/html' } })
  if (!response.ok) {
    throw new Error(response.status)
  }
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  if (load === loading) {
    ids.forEach(id => replace(id, page))
    mark()
  }
}

// The rows tell which request is open, and offer to put others beside it.

const mark = () => {
  const open = parameters().get('open')
  for (const row of list.children) {
    const here = row.id === 'r' + open, beside = row.querySelector('.beside')
    row.classList.toggle('open', here)
    if (here) {
      row.querySelector('.what').setAttribute('aria-current', 'true')
    } else {
      row.querySelector('.what').removeAttribute('aria-current')
    }
    beside.hidden = !open || here
    if (open) {
      const to = parameters()
      to.set('with', beside.dataset.id)
      beside.setAttribute('href', base + '?' + to + '#detail')
    }
  }
}

const show = async (address, push) => {
  try {
    if (push) {
      history.pushState(null, '', address)
    }
    await load(location.href, 'tour', 'detail')
    const detail = document.getElementById('detail')
    detail.focus({ preventScroll: true })
    detail.scrollIntoView({ block: 'start', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' })
  } catch {
    location.reload()
  }
}

const opens = link => link.matches('.what, .beside, .see') || link.closest('#detail') && new URL(link.href).searchParams.has('open')

document.addEventListener('click', event => {
  const link = event.target.closest('a[href]')
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.button && opens(link)) {
    event.preventDefault()
    show(link.href, true)
  }
})

document.addEventListener('submit', event => {
  if (event.target.matches('.compare')) {
    event.preventDefault()
    show(base + '?' + new URLSearchParams(new FormData(event.target)) + '#detail', true)
  }
})

window.addEventListener('popstate', () => show(location.href, false))

// The stream. Browsers connect again by themselves, and say what they had last.

const say = (text, on) => {
  if (live.textContent !== text) {
    live.textContent = text
  }
  live.classList.toggle('on', on)
}

let refreshing = null // a timer: of many requests at once the page shows the last

const refresh = () => {
  refreshing ??= setTimeout(() => {
    refreshing = null
    const reading = parameters().has('open') || document.getElementById('detail').contains(document.activeElement)
    load(location.href, 'tour', ...reading ? [] : ['detail']).catch(() => {})
  }, 150)
}

const source = new EventSource(body.dataset.events)
source.addEventListener('open', () => say('Live', true))
source.addEventListener('error', () => say(source.readyState === EventSource.CLOSED ? 'Not live: reload this page' : 'Connecting…', false))
source.addEventListener('hello', event => {
  if (JSON.parse(event.data).run !== body.dataset.run) {
    location.reload() // the server was started anew, and counts from one
  }
})
source.addEventListener('missed', event => say('Live, but ' + event.data + ' requests were too many to show', true))
source.addEventListener('request', event => {
  const request = JSON.parse(event.data)
  if (request.row && !document.getElementById('r' + request.id)) {
    list.insertAdjacentHTML('afterbegin', request.row)
    list.firstElementChild.classList.add('new')
    none.hidden = true
    while (list.children.length > maxRows) {
      list.lastElementChild.remove()
    }
    mark()
  }
  refresh()
})
window.addEventListener('pagehide', () => source.close())
window.addEventListener('pageshow', event => event.persisted && location.reload())
