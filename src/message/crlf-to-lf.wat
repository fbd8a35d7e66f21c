(module
  ;; 0 to 512 KiB: the octets given; from 512 KiB on: what becomes of them.
  (memory (export "memory") 16 16)
  ;; Leaves each CR out that has a LF behind it; behind the last octet stands something else. Returns how many are left,
  ;; with the highest bit set where a LF had no CR before it.
  (func (export "crlfToLf") (param $end i32) (result i32)
    (local $at i32) (local $to i32) (local $octets v128) (local $found i32) (local $lineFeeds i32) (local $bare i32)
    (local.set $to (i32.const 0x80000))
    (block $done
      (loop $next
        (br_if $done (i32.gt_u (i32.add (local.get $at) (i32.const 16)) (local.get $end)))
        (v128.store (local.get $to) (local.tee $octets (v128.load (local.get $at))))
        (local.set $lineFeeds (i8x16.bitmask (i8x16.eq (local.get $octets) (i8x16.splat (i32.const 10)))))
        (local.set $found (i8x16.bitmask (i8x16.eq (local.get $octets) (i8x16.splat (i32.const 13)))))
        (if (i32.eqz (local.get $found))
          (then
            (local.set $bare (i32.or (local.get $bare) (local.get $lineFeeds)))
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (local.set $to (i32.add (local.get $to) (i32.const 16)))
            (br $next)))
        (local.set $found (i32.ctz (local.get $found)))
        (local.set $bare (i32.or (local.get $bare)
          (i32.and (local.get $lineFeeds)
            (i32.sub (i32.shl (i32.const 1) (local.get $found)) (i32.const 1)))))
        (local.set $at (i32.add (local.get $at) (i32.add (local.get $found) (i32.const 1))))
        (local.set $to (i32.add (local.get $to) (local.get $found)))
        ;; Behind a CR: it stays, where it does not end a line.
        (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 10))
          (then
            (i32.store8 (local.get $to) (i32.const 10))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (br $next)))
    (block $whole
      (loop $next
        (br_if $whole (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $found (i32.load8_u (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (if (i32.eq (local.get $found) (i32.const 10))
          (then (local.set $bare (i32.const 1))))
        (if (i32.and (i32.eq (local.get $found) (i32.const 13)) (i32.eq (i32.load8_u (local.get $at)) (i32.const 10)))
          (then
            (local.set $found (i32.const 10))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))))
        (i32.store8 (local.get $to) (local.get $found))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (br $next)))
    (i32.or
      (i32.sub (local.get $to) (i32.const 0x80000))
      (i32.shl (i32.ne (local.get $bare) (i32.const 0)) (i32.const 31)))))
