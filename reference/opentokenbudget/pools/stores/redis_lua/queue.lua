-- What is to be ended or forgotten, and when. A reservation is written down once, when it is made, in a chunk of about
-- 16: as long as it has room it lies in `d`, which every operation reads anyway, and then in a field of its own. A chunk is
-- looked at when the first of its open reservations may expire. When none is open any more, all are forgotten together
-- once the last has been ended for as long as ended ones are remembered.
--
--   d in the hash   DUE, then the chunk that has room
--   cN in the hash  another chunk: fields of reservations, SEPARATOR after each
--   {otb}:q         the fields of chunks with open reservations, by the instant at which the first may expire
--   {otb}:e         the fields of the others, by the instant at which the last had ended

-- nothing expires before this instant; in the chunk that has room nothing does before this one; number of the next chunk
local DUE = '<ddd'
local DUE_SIZE = 24
local SEPARATOR = '\0\0' -- which no field holds
local FULL = 600
local CHUNKS = 8 -- that one operation looks at, at most
local FORGOTTEN = 2 -- chunks that are forgotten when one has become full

local function ids_of(chunk)
  local ids, pos = {}, 1
  while pos <= #chunk do
    local until_ = find(chunk, SEPARATOR, pos, true)
    ids[#ids + 1] = sub(chunk, pos, until_ - 1)
    pos = until_ + 2
  end
  return ids
end

-- End what has expired of the reservations in `chunk`. Returns when the next may expire, when the last has ended, and how
-- many were ended here.
local function visit(space, chunk, now)
  local soonest, last, count = huge, 0, 0
  local ids = ids_of(chunk)
  if not ids[1] then return soonest, last, count end
  local blobs = call('HMGET', space.hash, unpack(ids))
  for i = 1, #ids do
    local blob = blobs[i]
    if blob then
      local state, _, _, _, expires = unpack_(HEAD, blob)
      if state == OPEN and expires > now then
        soonest = min(soonest, expires)
      else
        if state == OPEN then
          finish(space, blob, EXPIRED, expires, ids[i], nil, {}, {})
          count = count + 1
        end
        last = max(last, expires)
      end
    end
  end
  return soonest, last, count
end

-- End what is due, or some of it. The chunks that come next are looked at too, as long as none of theirs is open: mostly
-- all has been settled long before. Returns how many reservations were ended.
local function tend(space, own, now)
  local found = call('ZRANGE', space.queue, 0, CHUNKS, 'WITHSCORES')
  local total, due, is_enough = 0, huge, false
  for i = 1, #found, 2 do
    local field, at = found[i], tonumber(found[i + 1])
    if is_enough or i > 2 * CHUNKS then
      due = min(due, at)
      break
    end
    local soonest, last, count = visit(space, call('HGET', space.hash, field) or '', now)
    total = total + count
    if soonest < huge then
      call('ZADD', space.queue, soonest, field)
      due = min(due, soonest)
      is_enough = at > now
    else
      call('ZREM', space.queue, field)
      call('ZADD', space.ended, last, field)
    end
  end
  local _, first, number = unpack_(DUE, own)
  local chunk = sub(own, DUE_SIZE + 1)
  if first <= now then
    local count
    first, _, count = visit(space, chunk, now)
    total = total + count
  end
  call('HSET', space.hash, 'd', pack(DUE, min(due, first), first, number) .. chunk)
  return total
end

-- Forget the reservations of some of the chunks whose last ended before `before`. Returns of how many chunks.
local function clear(space, before, count)
  local fields = call('ZRANGEBYSCORE', space.ended, '-inf', before, 'LIMIT', 0, count)
  for i = 1, #fields do
    local ids = ids_of(call('HGET', space.hash, fields[i]) or '')
    ids[#ids + 1] = fields[i]
    call('HDEL', space.hash, unpack(ids))
    call('ZREM', space.ended, fields[i])
  end
  return #fields
end

-- What lies in `d` and in the fields that `argv` names from `at` on, after what is due is done; then what DUE says.
local function fetched(space, argv, at, now)
  local got = call('HMGET', space.hash, 'd', unpack(argv, at))
  if not got[1] then return got, huge, huge, 0 end
  local due, first, number = unpack_(DUE, got[1])
  if due <= now then
    tend(space, got[1], now)
    got = call('HMGET', space.hash, 'd', unpack(argv, at))
    due, first, number = unpack_(DUE, got[1])
  end
  return got, due, first, number
end

-- The value of `d` after the reservation `id` was added to `own`, where `due`, `first` and `number` stand. `asked` begins with
-- the horizon.
local function queued(space, own, due, first, number, id, expires, now, asked)
  if not own then
    own = pack(DUE, expires, expires, 0)
  elseif #own > FULL then
    local field = 'c' .. format('%.0f', number)
    call('HSET', space.hash, field, sub(own, DUE_SIZE + 1))
    if first < huge then
      call('ZADD', space.queue, first, field)
    else
      -- All of them have expired while they lay here.
      call('ZADD', space.ended, now, field)
    end
    clear(space, now - unpack_('<d', asked), FORGOTTEN)
    own = pack(DUE, min(due, expires), expires, number + 1)
  elseif expires < first then
    own = pack(DUE, min(due, expires), expires, number) .. sub(own, DUE_SIZE + 1)
  end
  return own .. id .. SEPARATOR
end
