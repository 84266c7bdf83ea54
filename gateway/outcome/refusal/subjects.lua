-- How many subjects of a prompt come back in a reply, as `features.py` says it in Python.
--
-- Given the address of the uint8 kind of each 16-bit letter (0: none, 1: a letter, 2: an ideograph) and the most letters
-- of a text, makes a function of prompt, head and tail (uint16 each) and how far the lead reaches.
-- It returns how many subjects there are, and how many of them stand in the lead, the head and the tail.
local ffi, bit = require("ffi"), require("bit")
local band, bxor, lshift = bit.band, bit.bxor, bit.lshift

local STEM, SHORTEST = 6, 4 -- letters of a word that are looked for; of a word worth it
local IDEOGRAPH = 2
local BUCKETS = 1024

return function(kinds, longest)
  kinds = ffi.cast("const uint8_t*", kinds)
  local prompt, head = ffi.new("uint16_t[?]", longest), ffi.new("uint16_t[?]", longest)
  local tail = ffi.new("uint16_t[?]", longest)
  local subjects, sizes = ffi.new("int32_t[?]", longest + 1), ffi.new("int32_t[?]", longest + 1)

  -- Places in a text by the two letters that stand there, those of a bucket in order.
  local function index()
    return { first = ffi.new("int32_t[?]", BUCKETS), next = ffi.new("int32_t[?]", longest + 1), count = 0 }
  end
  local of_prompt, of_head, of_tail = index(), index(), index()

  local function bucket(text, at)
    return band(bxor(text[at], lshift(text[at + 1], 5)), BUCKETS - 1)
  end

  local function clear(places)
    ffi.fill(places.first, BUCKETS * 4, 0xff)
  end

  local function fill(places, text, length)
    clear(places)
    local first, next = places.first, places.next
    for at = length - 2, 0, -1 do
      local where = bucket(text, at)
      next[at], first[where] = first[where], at
    end
  end

  local function same(text, at, other, from, size)
    for offset = 0, size - 1 do
      if text[at + offset] ~= other[from + offset] then return false end
    end
    return true
  end

  -- Where prompt[from .. from + size - 1] stands first in a text; -1: nowhere.
  local function find(places, text, length, from, size)
    local at, next = places.first[bucket(prompt, from)], places.next
    while at >= 0 do
      if at + size <= length and same(text, at, prompt, from, size) then return at end
      at = next[at]
    end
    return -1
  end

  -- A subject that is not known yet.
  local function add(from, size, count)
    local where = bucket(prompt, from)
    local first, next = of_prompt.first, of_prompt.next
    local at = first[where]
    while at >= 0 do
      if sizes[at] == size and same(prompt, subjects[at], prompt, from, size) then return count end
      at = next[at]
    end
    subjects[count], sizes[count], next[count], first[where] = from, size, first[where], count
    return count + 1
  end

  local function read(length)
    clear(of_prompt)
    local count, at = 0, 0
    while at < length do
      local start, ideographs = at, false
      while at < length and kinds[prompt[at]] > 0 do
        ideographs = ideographs or kinds[prompt[at]] == IDEOGRAPH
        at = at + 1
      end
      if ideographs then
        for from = start, at - 2 do count = add(from, 2, count) end
      elseif at - start >= SHORTEST then
        count = add(start, math.min(at - start, STEM), count)
      end
      at = at + 1
    end
    return count
  end

  -- A pointer into the string would not keep it from the garbage collector.
  local function copied(letters, text)
    assert(#text <= 2 * longest)
    ffi.copy(letters, text, #text)
    return #text / 2
  end

  return function(prompt_text, head_text, tail_text, lead)
    local count = read(copied(prompt, prompt_text))
    local head_length, tail_length = copied(head, head_text), copied(tail, tail_text)
    fill(of_head, head, head_length)
    fill(of_tail, tail, tail_length)
    local in_lead, in_head, in_tail = 0, 0, 0
    for subject = 0, count - 1 do
      local from, size = subjects[subject], sizes[subject]
      local at = find(of_head, head, head_length, from, size)
      if at >= 0 then
        in_head = in_head + 1
        if at + size <= lead then in_lead = in_lead + 1 end
      end
      if find(of_tail, tail, tail_length, from, size) >= 0 then in_tail = in_tail + 1 end
    end
    return count, in_lead, in_head, in_tail
  end
end
