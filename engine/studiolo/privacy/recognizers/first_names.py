"""Given names that are common in Europe, the Americas and parts of Asia. General knowledge, written for this project.

No list holds everyone, and none is needed: they let a name stand alone ("Logan") where a capital says nothing. Those that
are everyday words as well (`lexicon.NAME_WORDS`) are looked for in company only.
"""

from __future__ import annotations

FIRST_NAMES = frozenset(
    """
    aaron abigail abraham ada adam adele adrian agatha agnes aidan aileen alan albert alec alex alexa alexander alexandra
    alexis alfred alice alicia alison allan allen allison alma alvin amanda amber amelia amy ana andrea andrew andy angel
    angela angelina angus anita ann anna annabel anne annette annie anthony antonia antonio april archie ariana arlene
    arnold arthur ashley audrey austin ava barbara barney barry beatrice becky belinda ben benjamin bernadette bernard
    bernice bert bertha bessie beth bethany betty beverly bianca billy blake bob bobby bonnie brad bradley brandon brenda
    brendan brett brian bridget bruce bryan byron caitlin caleb callum calvin cameron camilla candice carl carla carlos
    carmen carol carole caroline carolyn carrie casey cassandra catherine cathy cecil cecilia cedric celia charlene charles
    charlie charlotte chelsea cheryl chester chloe chris christina christine christopher cindy claire clara clarence
    clark claude claudia clayton clement clifford clive clyde cody colin colleen connie connor constance corey cornelia
    courtney craig crystal curtis cynthia daisy dale damian dan dana daniel daniela danielle danny daphne darlene darren
    daryl dave david deborah debra denise dennis derek desmond diana diane dominic don donald donna dora doreen doris
    dorothy douglas duncan dustin dwayne dwight dylan ebony eddie edgar edith edmund edna eduardo edward edwin eileen
    elaine eleanor elena elijah elisa elise elizabeth ella ellen ellie elliot elsie elvira emily emma eric erica erik erin
    ernest esther ethan ethel eugene eunice eva evan evelyn felicia felicity felix fergus fernando fiona flora floyd
    frances francesca francis francisco frank franklin fred freddie frederick freya gabriel gabriela gail gareth garry gary
    gavin gemma geoffrey george georgina gerald geraldine gerard gertrude gilbert gina gladys glenda glenn gloria gordon
    graham greg gregory greta gretchen guillermo gwen gwendolyn hannah harold harriet harry harvey hazel heather hector
    heidi helen helena henrietta henry herbert herman hilary hilda holly howard hubert hugh hugo ian ida imogen inez ingrid
    irene iris irma isaac isabel isabella isabelle isaiah isla ivan ivy jacob jacqueline jade jaime jake james jamie jan
    jane janet janice jasmine jason javier jay jayden jean jeanette jeff jeffrey jenna jennifer jenny jeremiah jeremy
    jerome jerry jesse jessica jill jim jimmy joan joanna joanne jocelyn jodi jody joe joel john johnny jon jonathan jordan
    jorge jose joseph josephine josh joshua joyce juan juanita judith judy julia julian juliana julie juliet julio june
    justin karen karina karl kate katherine kathleen kathryn kathy katie kay kayla keith kelly kelsey ken kenneth kerry
    kevin kim kimberly kirk kirsten kristen kristin kurt kyle lance larry laura lauren laurence lawrence leah lee leila
    lena leo leon leona leonard leroy lesley leslie lester leticia lewis liam lillian lily linda lindsay lionel lisa liz
    lloyd logan lois lola lorenzo loretta lori lorraine louis louisa louise lucas lucia lucille lucinda lucy luis luke
    lydia lyle lynn mabel mackenzie maddison madeleine madison maggie malcolm mandy manuel marcel marcia marco marcus
    margaret margarita maria marian marianne marie marilyn mario marion marjorie marlene marsha marshall martha martin
    marvin mary mason mathew matilda matt matthew maureen maurice max maxine megan meghan melanie melinda melissa melody
    melvin mercedes meredith michael michele michelle miguel mike mildred millie milton minnie miranda miriam misty mitchell
    moira molly mona monica morgan muriel myra myrtle nadia nancy naomi natalia natalie natasha nathan nathaniel neil nell
    nellie nelson nicholas nick nicola nicole nigel nina noah noel nora norma norman olga olive oliver olivia oscar otto
    owen paige pamela patricia patrick paul paula pauline pedro peggy penelope penny percy perry peter philip phillip
    phoebe phyllis polly preston priscilla rachel rafael ralph ramona randall randy raquel raul raymond rebecca regina
    reginald rene renee rhonda ricardo richard ricky rita robert roberta roberto robin robyn rochelle roderick rodney roger
    roland rolando ron ronald ronnie rosa rosalie rosalind rosanna rosemary rosie ross rowena roxanne roy ruby rudolph
    rufus rupert russell ruth ryan sabrina sadie sally salvador sam samantha samuel sandra sandy sara sarah saul scott sean
    sebastian selina serena sergio seth shane shannon sharon shaun shawn sheila shelley sheri sherri sherry shirley sidney
    silvia simon simone sofia sonia sonya sophia sophie stacey stacy stan stanley stefan stella stephanie stephen steve
    steven stewart stuart susan susannah susie suzanne sydney sylvia tabitha tamara tammy tania tanya tara ted terence
    teresa terrence terri terry tessa thelma theodore theresa thomas tiffany tim timothy tina toby todd tom tommy toni tony
    tracey tracy travis trevor trisha tristan troy tyler ursula valerie vanessa vera vernon veronica vicki vicky victoria
    vincent viola violet virginia vivian walter wanda warren wayne wendy wesley whitney wilbur wilfred willard william
    willie wilma winifred winston xavier yolanda yvette yvonne zachary zoe
    achim adalbert andreas anja anke annelie annika axel bernd bernhard birgit birgitta bjoern björn brigitte carsten
    christa christoph dagmar detlef dieter dirk doerte eberhard elfriede elke erwin florian franz frieda friedrich fritz
    gerda gerhard gerlinde gisela gottfried günter günther gunther hannelore hans harald hartmut heike heinrich heinz helga
    helmut herta hildegard holger horst ilse inge jens joachim johann johanna johannes jörg jürgen jutta karin karsten katja
    katrin klaus konrad lars lieselotte ludwig lutz manfred margarete marlies matthias monika norbert oskar petra rainer
    reinhard renate rolf rüdiger sabine siegfried sigrid silke stefanie steffen susanne swantje thorsten torsten traute
    udo ulrich ulrike ursel ute uwe volker waltraud werner wilhelm wolfgang
    agnieszka aleksandra andrzej anita barbara bartosz beata bogdan bogusław bożena dariusz dawid dorota elżbieta ewa
    ewelina filip grażyna grzegorz halina henryk irena iwona izabela jacek jadwiga jakub janusz jarosław jerzy joanna kamil
    karolina katarzyna kazimierz krystyna krzysztof leszek łukasz maciej magda magdalena małgorzata marcin marek mariusz
    mateusz michał mieczysław natalia paweł piotr przemysław rafał renata ryszard sławomir stanisław sylwia szymon tadeusz
    teresa tomasz urszula wanda wiesław witold włodzimierz wojciech zbigniew zdzisław zofia
    adéla alena alois andrej antonín bohumil božena dana daniela dušan eliška františek hana helena ivana ivo jan jana
    jaroslav jindřich jiří jitka josef kamila karel kateřina květa ladislav lenka libor lucie luboš lubomír marcela markéta
    martina milada milan milena miloslav miroslav ondřej otakar pavel pavla petr radek radka renata roman stanislav
    štěpán tereza vaclav václav věra vít vladimír vlasta vojtěch zdeněk zdenka zuzana
    ágnes andrás anikó árpád attila balázs béla csaba dénes dóra edina enikő erika erzsébet éva ferenc gábor gergely géza
    györgy gyula ibolya ildikó ilona imre istván jános józsef judit kálmán katalin kinga klára krisztián krisztina lajos
    lászló levente lóránt magdolna márta mihály miklós mónika nándor nóra orsolya pál péter piroska réka rozália sándor
    szabina szilvia tamás tibor vilmos viktória zoltán zsófia zsolt zsuzsanna
    alessandra alessandro alessia alberto angelo antonella beatrice bruno carlo chiara claudio cristina davide domenico
    elisabetta emanuele enrico enzo fabio fabrizio federica federico filippo franca francesco franco gabriele giacomo
    gianluca gianni gino giorgio giovanna giovanni giulia giuseppe graziella guido ilaria laura leonardo lorenza luca
    luciano luigi luisa marcello margherita martina massimo matteo mattia maurizio mauro michela mirella nicola paola
    paolo patrizia piero pietro raffaele renato renzo riccardo rinaldo rocco rosaria salvatore sandro serena silvana
    silvio simona stefania stefano tommaso umberto valentina valeria vincenzo vittorio
    adriana agustín alejandra alejandro alfonso alfredo álvaro amparo ángel ángela arturo beatriz begoña bernardo carmela
    catalina cristóbal diego dolores elvira emilia emilio enrique esteban eugenia eulalia fabiola felipe fermín gerardo
    gonzalo gregorio guadalupe gustavo héctor hernán ignacio inés isidro jesús joaquín josefa josefina julián leandro
    leonor lourdes lucía luz macarena manuela marcelo margarita mariano maribel marisol marta mateo mauricio mercedes
    micaela miguel montserrat nicolás nieves nuria óscar pablo paloma patricio paz pilar rafaela ramiro ramón raúl remedios
    rodrigo rogelio rosario rubén santiago soledad susana tomás trinidad vicente víctor ximena yolanda
    adriano afonso ana andré antónio armando bernardo bianca caio carlos catarina clarice cláudia cristiano daniela diogo
    duarte edson eduarda fabiana fátima fernanda filipa flávia flávio francisca gonçalo guilherme heitor helena henrique
    inês joana joão jorge josé júlia juliana larissa leandro letícia lúcia luísa luiz márcia márcio marcos mariana
    mateus matheus miguel murilo natália nuno otávio paulo rafaela raquel renato rita rodrigo rui sílvia simão sónia tânia
    teresa thiago tiago tomás vasco vitor vitória
    adrien agathe aimée alain amélie anaïs antoine arnaud aurélie aurore baptiste benoît bernadette bertrand brigitte camille
    cécile cédric céline chantal claudine clément clémence colette corinne cyril damien delphine denis didier dominique
    édouard élodie émilie emmanuel emmanuelle étienne fabien fabrice fernand florence florent francine françois françoise
    frédéric gaëlle gaston geneviève georges gérard ghislaine gilles guillaume guy henri hélène hervé honoré hugues
    isabelle jacques jean-luc jean-pierre jérôme joëlle josiane julien juliette justine laetitia laurence laurent léa léon
    lionel loïc lucien lucienne ludovic madeleine manon marcelle marc margaux marguerite marthe mathieu mathilde maxime
    michel mireille monique muriel nadine nathalie nicolas noémie océane odette odile olivier pascal pascale philippe pierre
    quentin raoul raphaël régis rémi rémy romain roxane sandrine sébastien serge séverine solange stéphane stéphanie
    suzanne sylvain sylvie thérèse thibault thierry tristan valérie vincent virginie xavier yannick yves yvon
    aart anneke arjan bart bram carolien corrie cornelis daan dirk els femke frans gerrit geert greetje hanneke
    harm hendrik henk ineke jaap janneke jasper jeroen jolanda joost joris katrien klaas kees koen lieke liesbeth
    maaike maarten margriet marieke marijke marloes mieke niels noortje pieter rik roel ruud saskia sjoerd sofie stijn teun
    thijs tineke truus wiebe willem wim wouter
    agneta åke åsa anders anette ann-christin arne arvid asger astrid bengt bente birger birgit bo børge britt britta carina
    christer christian dag ebba egil einar elin ellinor else erling eskil espen eva-lena finn frida frode fredrik geir
    gitte göran greger grete gunilla gunnar gustaf gustav håkan halvor hanne harald hege henrik hilde inga-lill inger
    ingeborg ingvar jakob jannik jeppe jesper johan jon jonas jørgen jytte kaj kari karl-erik kåre kerstin kirsten kjell
    kjetil kjersti knud knut kristian lasse lena leif lennart linnea liv lotta maja malin marit mats merete mette mikael
    mogens morten nils ola olaf olav ole olof øyvind oskar otto pernille poul ragnar ragnhild rasmus roar rune sigurd
    siv signe simen sissel sofie solveig søren steinar sten stig stian svein sven synnøve terje thea thomas thor tor
    tore tove trine trond troels trygve ulf ulla ulrika vidar viggo yngve
    aarne aino aleksi anneli annikki antero anu arja arto arvo eeva eero eino elina erkki esa esko hannu harri heikki helmi
    hilkka ilkka inkeri irja jaana jaakko jarmo jari jarkko jouko jouni juha juhani jukka jussi kaarina kaija kalevi kari
    katariina katri kimmo kirsi kristiina lauri leena liisa maija markku marjatta marketta markus martti matti mika mikko
    minna mirja niina olavi oili olli orvokki outi päivi paavo pasi pekka pentti pertti petri petteri pirjo pirkko raija
    raimo reijo riikka riitta risto saara sanna sari satu seija seppo sini sirkka sirpa taina tapani tapio tarja teemu
    teppo terhi tero timo tiina toini toivo tuija tuomas tuula urho ulla veikko veli vesa vilho ville virpi
    aivar andrus ants ester heino indrek jaak jaan kadri kalev kalle kersti krista kristel külli lembit liina maie margus
    mart meelis merike olev piret priit raivo rein sirje tarmo tiit toomas triin uno urmas vello
    ástríður ásta birna björk bragi einar elín eyjólfur freyja guðmundur guðrún gunnar halldór helga hildur hrafn ingibjörg
    jóhann jóhanna jón katrín kristján kristín magnús margrét ólafur ragnheiður sigríður sigurður snorri stefán steinunn
    sveinn þórdís þorsteinn þóra
    aleksandr aleksei aleksey alexei alexey alina alla anastasia anatoly andrei andrey anton arkady artem artyom boris
    daria darya denis dmitri dmitry ekaterina elizaveta evgeny fyodor fedor galina gennady georgy gleb grigory igor ilya
    inna ioann irina iosif katya kirill konstantin ksenia larisa lev leonid lidia ludmila lyubov lyudmila marina maksim
    maxim mikhail nadezhda natalya nikita nikolai nikolay oksana oleg olesya pavel polina raisa rodion roman ruslan sergei
    sergey slava sofya stanislav stepan svetlana taisia taras tatiana tatyana timofey timur vadim valentin valentina
    valery varvara vasily vera viktor vitaly vlad vladimir vladislav volodymyr vsevolod vyacheslav yana yaroslav yegor
    yekaterina yelena yulia yuri yury zinaida
    aleksandar ana ante bojan boris branislav branko danijel danijela darko davor dejan dragan dragana dragica đorđe dubravka
    dunja duško goran gordana hrvoje igor ivica jasmina jelena josip jovan jovana katica krešimir ljiljana ljubica luka
    maja marija marijana marko mate mila milica miloš mirjana mirko mladen nada nebojša nemanja nenad nevena nikola
    petar predrag radovan ratko sanja saša senka sebastijan siniša slavica slavko slobodan snežana snježana srđan
    stjepan stipe tatjana tihana tihomir tomislav vedran vesna vladan vlado vuk zdravko zlatan zlatko zoran zvonimir
    žarko željko željka
    alenka andrej aleš barbara blaž bojana borut božidar gašper gregor irena janez janja jože katja klemen marjan matej
    matjaž metka miha mitja mojca nataša nejc petra primož rok simona slavko špela tadej tina tjaša tomaž urban urška
    uroš vida žiga
    alexandros alexis anastasia andreas angelos anthi antonis apostolos areti athanasios chariklia charalambos christos
    despina dimitra dimitrios dimitris eleftheria eleni evangelia evangelos fotini georgia georgios giannis giorgos
    ioanna ioannis irini katerina konstantina konstantinos kostas kyriakos maria michalis nikos panagiotis panayiota
    paraskevi pavlos petros sofia spyridon spyros stavros stelios thanasis theodora theodoros vasiliki vasilis vassilis
    abdul abdullah ahmad ahmed aisha akbar ali amal amina amir amira anwar asma aya ayesha aziz bashir bilal dina fadi fahad
    faisal farah farid farida fatima fatma habib hadi hafsa hamid hamza hana hanan hasan hassan huda hussein ibrahim idris
    imran iqbal ismail jamal jamila kamal kareem karim khadija khaled khalid laila lamia latifa layla leyla mahmoud malik
    mansour mariam maryam mohamed mohammad mohammed mona muhammad mustafa nabil nadia nasser noor nour omar osama rania
    rashid reza riad sabah said salah salim salma samir samira sana sara sayed selma shahid siddiq soraya suleiman sultan
    tahir tariq umar wafa walid yasmin yasmine yasser youssef yusuf zahra zainab zaki zeinab
    abhishek aditi aditya ajay akash alok amit amrita anand ananya anil anjali ankit anushka aparna arjun arun arvind asha
    ashok ashwin bhavna chandra deepa deepak deepika dinesh divya gaurav geeta gita gopal hari harish indira isha jaya
    karan kavita kiran krishna lakshmi lalita lata madhu mahesh manish manoj meera mohan mukesh nandini naveen neha nikhil
    nisha nitin pooja prakash pranav prasad prashant priya radha rahul raj rajesh rajiv rakesh ram ramesh rani ravi rekha
    ritu rohan rohit sachin sandeep sangeeta sanjay sarita satish seema shanti sharmila shiva shreya shruti siddharth sita
    smita sneha sonal subhash sudhir suman sumit sunil sunita suresh sushma swati uma usha vandana varun vasant vidya vijay
    vikas vikram vinay vineet vinod vishal vivek
    aiko akemi aki akiko akira asami asuka ayaka ayumi chiyo daiki daisuke emi emiko eri etsuko fumiko goro hana haruka
    haruki haruto hideo hideki hiroko hiromi hiroshi hitomi isamu jiro junichi junko kaori kaoru katsuo kazuko kazuo keiko
    ken'ichi kenichi kenji kenta kiyoshi koichi koji kumiko kyoko makoto mariko masaaki masako masaru masashi mayumi megumi
    michiko midori miho mika mitsuko miyuki momoko naoki naoko naomi natsuki noboru noriko osamu reiko rika ryo ryota sachiko
    sakura satoshi satomi sayuri shigeru shinji shiro shota tadashi takashi takeshi takumi tamiko taro tatsuya tetsuya
    tomoko toru toshio tsuyoshi yasuko yoko yoshiko yoshio yui yuka yuki yukiko yuko yumi yumiko yusuke yuto
    minh nguyen thanh thuy tuan trang phuong quang hoang linh hung duc dung hai huong mai nam ngoc phuc thao tien
    trung tung viet minho jihoon jiwoo minji seojun soo-jin sung-min hyun-woo ji-hye eun-ji young-ho
    adaeze ade adebayo adeola akosua ama aminata amadou ayodele babatunde bukola chidi chidinma chinedu chioma chukwuemeka
    ebele efua emeka folake funmilayo ifeoma ikechukwu ireti jabari kofi kwabena kwame kweku lerato lindiwe mamadou modupe
    mpho naledi nana ngozi nkechi nneka nomsa obinna ola olufemi oluwaseun onyeka sipho tariro tendai thabo thandiwe themba
    tunde uche wanjiru yaa yaw zanele zola
    ahmet ali ayşe aylin aysel barış berk burak büşra canan cem ceren deniz derya ebru ece elif emine emre engin erdem erkan
    esra fatih fatma gizem gökhan gül gülay hakan halil hande hatice hüseyin kadir kemal leyla levent mehmet melek meltem
    mert merve metin murat mustafa nazlı nesrin nihat onur orhan osman özge özgür özlem pınar ramazan selim selin sema serkan
    sevgi sibel sinan songül süleyman şule tarık tolga tuğba tülay umut yasemin yıldız yılmaz yusuf zehra zeynep
    """.split()
)
