# ما تقوله الرسائل إلى المشترين، بالعربية.

## Tickets
letter-tickets-subject = تذاكركم لفعالية { $event }
letter-tickets-here = { $organizer }: وصلت تذاكركم.
letter-doors = فتح الأبواب: { $doors }
letter-live = تُعرض مباشرةً على هاتفكم فقط
letter-live-from = تُعرض مباشرةً، من { $from } على هاتفكم فقط
letter-show-at-gate = اعرضوها عند المدخل على الهاتف أو على الورق:
letter-keep = احتفظوا بهذا العنوان لأنفسكم: فمن يملكه يستطيع استخدام تذاكركم.
letter-code-use = لشباك التذاكر؛ لا يفتح شيئاً
letter-paid = المدفوع: { $amount }
letter-receipt = الإيصال: { $number }
letter-ticket = { $tier }، { $place }
letter-show-ticket = عرض تذكرتي
letter-show-booking = عرض حجزي

## What has become of them
letter-reissued-subject = رمز جديد لتذكرتكم لفعالية { $event }
letter-reissued = لتذكرتكم { $ticket } رمز جديد.
letter-reissued-more = لم يعد الرمز القديم يتيح الدخول، حتى لو كان مطبوعاً أو محفوظاً.
letter-transferred-subject = تذكرتكم لفعالية { $event } صارت لشخص آخر
letter-transferred = نُقلت تذكرتكم { $ticket } إلى شخص آخر.
letter-transferred-more = لم يعد رمزها يتيح الدخول. إن لم تطلبوا ذلك فأخبروا شباك التذاكر فوراً.
letter-received-subject = تذكرتكم لفعالية { $event }
letter-received = التذكرة { $ticket } صارت لكم.
letter-received-more = احتفظوا بعنوان صفحتها لأنفسكم: فمن يملكه يستطيع استخدام تذكرتكم.
letter-refund-subject = استرداد المبلغ عن { $event }
letter-refund = أُعيد { $amount } من مبلغ حجزكم.
letter-refund-more = يستغرق ظهوره لدى مصرفكم بضعة أيام.

## What has become of the event
letter-moved-subject = موعد جديد: { $event }
letter-moved = لفعالية { $event } موعد آخر: { $starts }.
letter-moved-more = تبقى تذاكركم صالحة للموعد الجديد، وليس عليكم فعل أي شيء.
letter-canceled-subject = أُلغيت: { $event }
letter-canceled = لن تُقام { $event }. لا تتيح تذاكركم الدخول.
letter-canceled-more = يُعاد إليكم ما دفعتموه عبر الإنترنت بوسيلة الدفع نفسها، وليس عليكم فعل أي شيء. إن دفعتم في شباك التذاكر أو بحوالة مصرفية فتوجّهوا إلى المنظّم لاسترداده.
letter-canceled-holder = يُعاد ما دُفع إلى من اشترى تذاكركم، وليس عليكم فعل أي شيء.

## Places that came back
letter-offer-subject = أماكن محجوزة لكم في { $event }
letter-offer = انتظرتم أماكن في { $event }، وقد توفّر بعضها.
letter-offer-held =
    { $count ->
        [zero] لا أماكن ({ $tier }) محجوزة لكم حتى { $until }.
        [one] لكم مكان واحد ({ $tier }) محجوز حتى { $until }. إن لم تأخذوه حتى ذلك الحين يُسأل الشخص التالي.
        [two] لكم مكانان ({ $tier }) محجوزان حتى { $until }. إن لم تأخذوهما حتى ذلك الحين يُسأل الشخص التالي.
        [few] لكم { $shown } أماكن ({ $tier }) محجوزة حتى { $until }. إن لم تأخذوها حتى ذلك الحين يُسأل الشخص التالي.
       *[other] لكم { $shown } مكاناً ({ $tier }) محجوزاً حتى { $until }. إن لم تأخذوها حتى ذلك الحين يُسأل الشخص التالي.
    }
letter-offer-take = أخذ الأماكن

## A link to all tickets of an address
letter-link-subject = الوصول إلى تذاكركم
letter-link = طلب أحدهم، وهو على الأرجح أنتم، التذاكر المشتراة بهذا العنوان.
letter-link-ends = يعمل الرابط مرة واحدة خلال ساعة. إن لم تطلبوه فلا تفعلوا شيئاً: فهو ليس عند أحد غيركم.
letter-address-subject = الطريق إلى أماكنكم
letter-address = طلب أحدهم، وأنتم على الأرجح، حجز أماكن في فعالية تُبعد البرامج الآلية. افتحوا هذا الرابط في المتصفح الذي تشترون به، ثم عودوا فيه إلى صفحة الفعالية واحجزوا من جديد.
letter-address-button = أُثبت أنني أقرأ بريد هذا العنوان
