-- The ledger inside Redis or Valkey: each function is one operation, done as a whole before the next begins.
--
-- The semantics are those of ledger.py. What is different is how amounts are held: numbers here are doubles, exact up
-- to 2^53, so an amount is two of them, whole units and parts of 10^-12 (0 <= parts < 10^12; whole may be negative).
-- No value is missing: infinity stands for "no limit" and "no end", a charge of -1 for "nothing was charged yet".
--
-- Keys, all in one slot of a cluster because of the tag in braces; NAME is the account's, START 8 bytes, big-endian:
--   {otb}:r:ID           a reservation: HEAD, one HELD for each balance, then what the client wrote: balances, digest, memo
--   {otb}:w:NAME         the latest window of an account: ROW
--   {otb}:o:NAME\0START  an older one
--   {otb}:i              index of accounts (NAME) and older windows (NAME\0START), sorted by bytes
--   {otb}:q              open reservations (their keys) by the instant they expire at
--   {otb}:d              none expires before this instant
--   {otb}:f              older windows by the instant from which they count nowhere
--   {otb}:v:POLICY       newest revision of a policy
--
-- Nothing is written before everything is read and decided: an error leaves all as it was.

-- What does not exist yet while the library is loaded.
local call, pack, unpack_, floor, max, min, huge, sub, byte, format, concat

local PICO = 1e12
local SPAN, ROLLING, BUCKET, IDLE = 0, 1, 2, 3
local RESERVE, CHECK, OPEN_GATE = 0, 1, 2
local OPEN, SETTLED, RELEASED, EXPIRED, LATE = 1, 2, 3, 4, 5
local AT_ONCE = 100 -- reservations that one operation expires, windows that one sweep looks at

-- start, settled, reserved, overrun, granted, limit (two limbs each), until, mark
local ROW = '<ddddddddddddd'
-- state, number of balances, made, expires
local HEAD = '<BHdd'
local HEAD_SIZE = 19
-- start, mark, charged
local HELD = '<dddd'
local HELD_SIZE = 32
-- what the client wrote of each: gate + 4 if it is released when it expires + 8 if it is a bucket; amount; name
local KEPT = '<BddIc0'
-- ... and of a bucket refill and period
local KEPT_BUCKET = '<ddd'
-- what is asked of each: kind of window, gate, amount, limit; a span's start, end, rollover, carry;
-- grain and grains; refill and period; or the idle time
local ASKED = '<BBddddddddd'

local function plus(aw, ap, bw, bp)
  local w, p = aw + bw, ap + bp
  if p >= PICO then return w + 1, p - PICO end
  return w, p
end

local function minus(aw, ap, bw, bp)
  local w, p = aw - bw, ap - bp
  if p < 0 then return w - 1, p + PICO end
  return w, p
end

-- a - rate * ticks, at least 0; a >= 0, rate >= 0.
local function flowed(aw, ap, fw, fp, ticks)
  if ticks <= 0 or (fw == 0 and fp == 0) then
    if aw < 0 then return 0, 0 end
    return aw, ap
  end
  -- What certainly exceeds it need not be computed; below that every product here is under 2^53.
  if ticks * (fw + fp / PICO) > aw * 1.000001 + 2 then return 0, 0 end
  local th, tl, fh, fl = floor(ticks / 1e6), ticks % 1e6, floor(fp / 1e6), fp % 1e6
  local middle = th * fl + tl * fh
  local low = (middle % 1e6) * 1e6 + tl * fl
  local w, p = ticks * fw + th * fh + floor(middle / 1e6) + floor(low / PICO), low % PICO
  w, p = minus(aw, ap, w, p)
  if w < 0 then return 0, 0 end
  return w, p
end

-- Whether text a comes before b, by bytes: `<` would ask the server's locale.
local function precedes(a, b)
  for i = 1, min(#a, #b) do
    local x, y = byte(a, i), byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- The names of the keys of a namespace, by the name of its `d`.
local spaces = {}
local function space_of(due)
  local found = spaces[due]
  if not found then
    local prefix = sub(due, 1, -2)
    found = {
      due = due, queue = prefix .. 'q', index = prefix .. 'i', over = prefix .. 'f',
      latest = prefix .. 'w:', older = prefix .. 'o:',
    }
    spaces[due] = found
  end
  return found
end

local function bind()
  call, pack, unpack_ = redis.call, struct.pack, struct.unpack
  floor, max, min, huge = math.floor, math.max, math.min, math.huge
  sub, byte, format, concat = string.sub, string.byte, string.format, table.concat
end

local function instant()
  if not call then bind() end
  local time = call('TIME')
  return time[1] * 1000000 + time[2]
end

local function suffixed(name, start)
  return name .. '\0' .. pack('>d', start)
end

-- The row of the window of `name` that begins at `start`; `latest` is the row of its latest window.
local function window(space, name, start, latest)
  if not latest then return false end
  local newest = unpack_('<d', latest)
  if start == newest then return latest end
  if start > newest then return false end
  return call('GET', space.older .. suffixed(name, start))
end

-- Write the first row of a window, or one that is not the latest; what it displaces becomes an older one.
local function place(space, name, start, row, latest, now, kind, reach)
  local newest = latest and unpack_('<d', latest)
  local older = name
  if not latest then
    call('ZADD', space.index, 0, name)
    call('SET', space.latest .. name, row)
    return
  end
  local displaced, displaced_start = row, start
  if start > newest then
    call('SET', space.latest .. name, row)
    displaced, displaced_start = latest, newest
  end
  older = suffixed(name, displaced_start)
  call('SET', space.older .. older, displaced)
  call('ZADD', space.index, 0, older)
  -- What has no end and is no session may become current again: it is never forgotten.
  if select(12, unpack_(ROW, displaced)) < huge or (kind == IDLE and displaced_start > 0) then
    call('ZADD', space.over, now + reach, older)
  end
end

